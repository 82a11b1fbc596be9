#!/bin/sh
# Makes the certificates of the TLS tests again: an authority, a certificate for localhost and 127.0.0.1 that it signed, and an
# expired one. They are worthless outside these tests.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
begin=20200101000000Z

cat >"$work/openssl.cnf" <<SETTINGS
[ca]
default_ca = here
[here]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[server]
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
SETTINGS
: >"$work/index"

make_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key"; }
make_request() { openssl req -new -key "$work/$1.key" -subj "/CN=$2" -out "$work/$1.csr"; }
sign() { openssl ca -batch -notext -config "$work/openssl.cnf" -startdate "$begin" "$@"; }
as_der() { openssl x509 -in "$work/$1.pem" -outform der -out "$1.der"; }

make_key authority
make_request authority "comeback test authority"
sign -selfsign -keyfile "$work/authority.key" -in "$work/authority.csr" -extensions authority -enddate 21200101000000Z \
    -out "$work/authority.pem"
as_der authority

make_key server
make_request server localhost
openssl pkcs8 -topk8 -nocrypt -in "$work/server.key" -outform der -out server.key.der
for name in server expired; do
    case $name in
    server) end=21200101000000Z ;;
    expired) end=20200102000000Z ;;
    esac
    sign -cert "$work/authority.pem" -keyfile "$work/authority.key" -in "$work/server.csr" -extensions server -enddate "$end" \
        -out "$work/$name.pem"
    as_der "$name"
done
