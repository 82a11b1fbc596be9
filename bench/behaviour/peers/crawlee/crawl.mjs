// A list with Crawlee as it comes.
import { readFile } from "node:fs/promises";
import { HttpCrawler, log } from "@crawlee/http";

log.setLevel(log.LEVELS.OFF);
const urls = (await readFile("urls.txt", "utf8")).trim().split("\n");
const crawler = new HttpCrawler({ requestHandler() {} });
await crawler.run(urls);
