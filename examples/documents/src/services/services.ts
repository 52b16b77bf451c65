import type {Analysis} from './analyzer.ts';

/** What the actions work with beside Woltage; tests hand in fakes. */
export interface Services {
    readonly downloads: Downloads;
    readonly fileStorage: FileStorage;
    readonly analyzer: Analyzer;
}

export interface DownloadedFile {
    readonly bytes: Uint8Array;
    readonly contentType: string;
}

export interface Downloads {
    /** @throws WoltageError `URL_NOT_ALLOWED`, `DOWNLOAD_FAILED`, `DOWNLOAD_TOO_LARGE`, `DOWNLOAD_TIMEOUT` */
    download(url: string, signal?: AbortSignal): Promise<DownloadedFile>;
}

export interface FileStorage {
    /** Keeps a file, once: the same bytes have the same key. */
    put(bytes: Uint8Array): Promise<string>;
    /** @throws NotFoundError `FILE_NOT_FOUND` */
    get(key: string): Promise<Uint8Array>;
}

export interface Analyzer {
    analyze(file: Uint8Array, contentType: string): Promise<Analysis>;
}
