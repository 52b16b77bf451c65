import {once} from 'node:events';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {isPublicAddress} from '../src/services/public-address.ts';
import {SafeDownloads} from '../src/services/safe-downloads.ts';

describe('Downloads', () => {
    let server: Server;
    let host: string;
    let asked: string[];
    beforeAll(async () => {
        server = createServer(({url = ''}, response) => {
            asked.push(url);
            if (url === '/big')
                response.end('x'.repeat(2000));
            else if (url === '/endless')
                response.writeHead(200, {'transfer-encoding': 'chunked'}).write('x'.repeat(2000));
            else if (url === '/slow')
                response.writeHead(200).write('x');
            else if (url.startsWith('/to?'))
                response.writeHead(302, {location: decodeURIComponent(url.slice(4))}).end();
            else if (url === '/file.txt')
                response.writeHead(200, {'content-type': 'text/plain'}).end('Hello');
            else
                response.writeHead(404).end();
        });
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
        asked = [];
    });
    afterAll(() => {
        server.close();
        server.closeAllConnections();
    });
    const download = (path: string) => new SafeDownloads({maxBytes: 1000, timeoutMs: 300, trustedHosts: [host]}).download(path.startsWith('/') ? `http://${host}${path}` : path);
    const to = (url: string) => `/to?${encodeURIComponent(url)}`;

    it('get a file and its type', async () => {
        const {bytes, contentType} = await download('/file.txt');
        expect([new TextDecoder().decode(bytes), contentType]).toEqual(['Hello', 'text/plain']);
        expect((await download(to(to('/file.txt')))).bytes).toHaveLength(5);
    });

    it.each([
        'file:///etc/passwd', 'ftp://example.org/a', 'gopher://example.org', 'data:text/plain,a', 'no url', 'http://user:secret@example.org/', 'http://127.0.0.1/', 'http://10.1.2.3/', 'http://192.168.0.1/',
        'http://169.254.169.254/latest', 'http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://[fd00::1]/', 'http://0x7f000001/', 'http://2130706433/', 'http://127.1/', 'http://0/', 'http://localhost/'
    ])('refuse %s', async url => {
        await expect(download(url)).rejects.toMatchObject({code: 'URL_NOT_ALLOWED', status: 400});
    });

    it('refuse to be redirected to where they wouldn\'t go', async () => {
        await expect(download(to('http://169.254.169.254/'))).rejects.toMatchObject({code: 'URL_NOT_ALLOWED'});
        await expect(download(to('http://localhost:1/'))).rejects.toMatchObject({code: 'URL_NOT_ALLOWED'});
        await expect(download(to('file:///etc/passwd'))).rejects.toMatchObject({code: 'URL_NOT_ALLOWED'});
    });

    it('trust the named hosts, and no other ports of theirs', async () => {
        await expect(new SafeDownloads().download(`http://${host}/file.txt`)).rejects.toMatchObject({code: 'URL_NOT_ALLOWED'});
        await expect(download('http://127.0.0.1:1/')).rejects.toMatchObject({code: 'URL_NOT_ALLOWED'});
    });

    it('end at a size, a time and a number of redirects', async () => {
        await expect(download('/big')).rejects.toMatchObject({code: 'DOWNLOAD_TOO_LARGE', status: 413});
        await expect(download('/endless')).rejects.toMatchObject({code: 'DOWNLOAD_TOO_LARGE'});
        await expect(download('/slow')).rejects.toMatchObject({code: 'DOWNLOAD_TIMEOUT'});
        await expect(download(to(to(to(to('/file.txt')))))).rejects.toMatchObject({code: 'DOWNLOAD_FAILED'});
    });

    it('say what the server said', async () => {
        await expect(download('/missing')).rejects.toMatchObject({code: 'DOWNLOAD_FAILED', message: 'The server answered with 404.'});
    });

    it.each([['8.8.8.8', true], ['172.32.0.1', true], ['172.16.0.1', false], ['100.64.0.1', false], ['2606:4700::1111', true], ['2002:7f00:1::', false], ['::', false], ['fe80::1', false], ['64:ff9b::7f00:1', false], ['x', false]])(
        '%s is public: %s', (address, isPublic) => {
            expect(isPublicAddress(address)).toBe(isPublic);
        }
    );
});
