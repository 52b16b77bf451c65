import {mkdirSync} from 'node:fs';
import {join} from 'node:path';

/** Where events, rows and mails are kept. */
export const dataFolder = process.env['DATA_FOLDER'] ?? join(import.meta.dirname, '../data');
export const port = Number(process.env['PORT'] ?? 3000);
/** Who sends it may administer projections. Choose your own before anybody else can reach the server. */
export const adminToken = process.env['ADMIN_TOKEN'] ?? 'let-me-in';

mkdirSync(dataFolder, {recursive: true});
