import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** A certificate of a test's own for 127.0.0.1, by `openssl`. */
export interface Certificate {
    readonly certFile: string;
    readonly cert: Buffer;
    readonly key: Buffer;
    remove(): void;
}

/** @throws where there is no `openssl` */
export function createCertificate(): Certificate {
    const folder = mkdtempSync(join(tmpdir(), 'woltage-tls-'));
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    execFileSync('openssl', [
        'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:TRUE', '-keyout', keyFile, '-out', certFile
    ], {stdio: 'ignore'});
    return {certFile, cert: readFileSync(certFile), key: readFileSync(keyFile), remove: () => rmSync(folder, {recursive: true})};
}
