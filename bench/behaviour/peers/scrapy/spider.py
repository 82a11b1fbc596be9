"""A list with Scrapy."""

from pathlib import Path

import scrapy


class ListSpider(scrapy.Spider):
    name = "list"

    async def start(self):
        for url in Path("urls.txt").read_text().split():
            yield scrapy.Request(url)

    def parse(self, response):
        pass
