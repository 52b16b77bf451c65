import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';

const FILES: Readonly<Record<string, string>> = {
    '/invoice.txt': `Invoice 2026-117

From: Paper & Pens Ltd.
Date: 12 November 2026

  10 notebooks          39.90 EUR
   4 fountain pens      80.00 EUR
  VAT 19 %              22.78 EUR
  Total                142.68 EUR
`,
    '/letter.txt': 'Dear Ann,\n\nthe weather is fine.\n\nYours, Bob\n'
};

/** A small web server with documents to download, on a free port of this machine. */
export async function serveSamples(): Promise<{readonly host: string; stop(): void}> {
    const server = createServer(({url = ''}, response) => {
        const text = Object.hasOwn(FILES, url) ? FILES[url] : undefined;
        response.writeHead(text === undefined ? 404 : 200, {'content-type': 'text/plain; charset=utf-8'}).end(text);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {host: `127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => void server.close()};
}
