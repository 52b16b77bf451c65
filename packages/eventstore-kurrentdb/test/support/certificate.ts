import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** A certificate for 127.0.0.1 and localhost, and the authority of a test's own that vouches for it, by `openssl`. */
export interface Certificate {
    readonly authorityFile: string;
    readonly cert: Buffer;
    readonly key: Buffer;
    remove(): void;
}

/** @throws where there is no `openssl` */
export function createCertificate(): Certificate {
    const folder = mkdtempSync(join(tmpdir(), 'woltage-tls-'));
    const file = (name: string): string => join(folder, name);
    const openssl = (...args: string[]): unknown => execFileSync('openssl', args, {cwd: folder, stdio: 'ignore'});
    writeFileSync(file('leaf.cnf'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n');
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=Test authority', '-keyout', 'ca.key', '-out', 'ca.pem');
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-keyout', 'leaf.key', '-out', 'leaf.csr');
    openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'leaf.cnf', '-out', 'leaf.pem');
    return {authorityFile: file('ca.pem'), cert: readFileSync(file('leaf.pem')), key: readFileSync(file('leaf.key')), remove: () => rmSync(folder, {recursive: true})};
}
