import {lookup, type LookupAddress} from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import {isIP, type LookupFunction} from 'node:net';
import {BadRequestError, WoltageError} from 'woltage';
import {isPublicAddress} from './public-address.ts';
import type {DownloadedFile, Downloads} from './services.ts';

export interface SafeDownloadsOptions {
    /** The largest file, in bytes. @default 1 MiB */
    readonly maxBytes?: number;
    /** For all of a download, redirects included, in ms. @default 10000 */
    readonly timeoutMs?: number;
    /** @default 3 */
    readonly maxRedirects?: number;
    /** Hosts and ports (`127.0.0.1:8080`) that may be asked although they aren't public. @default none */
    readonly trustedHosts?: readonly string[];
}

const notAllowed = (why: string): BadRequestError => new BadRequestError(`The URL is not allowed: ${why}.`, {code: 'URL_NOT_ALLOWED'});

/**
 * Downloads what a stranger names by URL, without being led into the network that we stand in (SSRF): http and https alone, no credentials, public addresses alone. The address is
 * checked when the connection is made, so that a name which changes its mind after the check helps nobody; each redirect is checked as the first URL was.
 */
export class SafeDownloads implements Downloads {
    readonly #options: Required<SafeDownloadsOptions>;

    constructor({maxBytes = 1 << 20, timeoutMs = 10_000, maxRedirects = 3, trustedHosts = []}: SafeDownloadsOptions = {}) {
        this.#options = {maxBytes, timeoutMs, maxRedirects, trustedHosts};
    }

    async download(url: string, signal?: AbortSignal): Promise<DownloadedFile> {
        const timeout = AbortSignal.timeout(this.#options.timeoutMs);
        const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
        try {
            return await this.#follow(url, either);
        } catch (error) {
            if (timeout.aborted)
                throw new BadRequestError(`The download took longer than ${this.#options.timeoutMs} ms.`, {code: 'DOWNLOAD_TIMEOUT', cause: error});
            if (error instanceof WoltageError)
                throw error;
            throw new BadRequestError('The URL can\'t be downloaded.', {code: 'DOWNLOAD_FAILED', cause: error});
        }
    }

    async #follow(first: string, signal: AbortSignal): Promise<DownloadedFile> {
        let url = this.#check(first);
        for (let redirects = 0; redirects <= this.#options.maxRedirects; redirects++) {
            const response = await this.#request(url, signal);
            const {statusCode = 0, headers} = response;
            if (statusCode === 200)
                return {bytes: await this.#body(response), contentType: headers['content-type'] ?? 'application/octet-stream'};
            response.destroy();
            if (headers.location === undefined || statusCode < 300 || statusCode > 399)
                throw new BadRequestError(`The server answered with ${statusCode}.`, {code: 'DOWNLOAD_FAILED'});
            url = this.#check(headers.location, url);
        }
        throw new BadRequestError(`There were more than ${this.#options.maxRedirects} redirects.`, {code: 'DOWNLOAD_FAILED'});
    }

    #check(text: string, base?: URL): URL {
        if (!URL.canParse(text, base?.href))
            throw notAllowed('it is none');
        const url = new URL(text, base);
        if (url.protocol !== 'http:' && url.protocol !== 'https:')
            throw notAllowed('it must begin with http:// or https://');
        if (url.username !== '' || url.password !== '')
            throw notAllowed('it holds credentials');
        // Names are looked up when the connection is made; addresses are not.
        const host = url.hostname.replace(/^\[|\]$/g, '');
        if (isIP(host) !== 0 && !isPublicAddress(host) && !this.#isTrusted(url))
            throw notAllowed('its address is not public');
        return url;
    }

    #isTrusted = (url: URL): boolean => this.#options.trustedHosts.includes(url.host);

    #request(url: URL, signal: AbortSignal): Promise<http.IncomingMessage> {
        const {get} = url.protocol === 'https:' ? https : http;
        return new Promise((resolve, reject) => {
            get(url, {signal, agent: false, headers: {accept: 'text/plain, */*', 'accept-encoding': 'identity'}, ...this.#isTrusted(url) ? {} : {lookup: publicLookup}}, resolve).once('error', reject);
        });
    }

    async #body(response: http.IncomingMessage): Promise<Uint8Array> {
        const {maxBytes} = this.#options;
        const tooLarge = () => new WoltageError(`The file is larger than ${maxBytes} bytes.`, 413, {code: 'DOWNLOAD_TOO_LARGE'});
        if (Number(response.headers['content-length'] ?? 0) > maxBytes) {
            response.destroy();
            throw tooLarge();
        }
        const chunks: Uint8Array[] = [];
        let size = 0;
        for await (const chunk of response as AsyncIterable<Uint8Array>) {
            size += chunk.length;
            if (size > maxBytes)
                throw tooLarge();
            chunks.push(chunk);
        }
        return Buffer.concat(chunks);
    }
}

/** Refuses a name as soon as one of its addresses isn't public. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, {...options, all: true}, (error, addresses: LookupAddress[]) => {
        const [first] = addresses ?? [];
        if (error !== null || first === undefined)
            callback(error ?? new Error('The name has no address.'), '');
        else if (!addresses.every(({address}) => isPublicAddress(address)))
            callback(notAllowed('its address is not public'), '');
        else if (options.all === true)
            callback(null, addresses);
        else
            callback(null, first.address, first.family);
    });
};
