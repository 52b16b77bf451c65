import {appendFile} from 'node:fs/promises';
import {join} from 'node:path';
import {dataFolder} from './config.ts';

/** Stands for a real mail service: writes to a file that you can look at. */
export async function sendMail(to: string, text: string): Promise<void> {
    await appendFile(join(dataFolder, 'outbox.log'), `${to}: ${text}\n`);
}
