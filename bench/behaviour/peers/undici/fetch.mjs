// A list with undici: sixteen at a time through a RetryAgent as it comes.
import { readFile } from "node:fs/promises";
import { Agent, RetryAgent, request } from "undici";

const dispatcher = new RetryAgent(new Agent());
const urls = (await readFile("urls.txt", "utf8")).trim().split("\n").values();

async function work() {
  for (const url of urls) {
    try {
      const { body } = await request(url, { dispatcher });
      await body.dump();
    } catch {
      // Given up.
    }
  }
}

await Promise.all(Array.from({ length: 16 }, work));
await dispatcher.close();
