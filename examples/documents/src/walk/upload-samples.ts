import {setTimeout as delay} from 'node:timers/promises';

const TIMEOUT_MS = 15_000;

/** Uploads the sample files, and waits until they have been looked into. */
export async function uploadSamples(url: string, samples: string): Promise<void> {
    console.log('\n# An invoice is uploaded: it becomes a document, is analysed, and becomes an expense.');
    const invoice = await upload(url, `http://${samples}/invoice.txt`);
    await get(`${url}/documents/byId?id=${invoice}`, answer => answer.includes('"analyzed"'));
    await get(`${url}/expenses/byDocument?documentId=${invoice}`, answer => answer.includes('"amount"'));

    console.log('\n# A letter is no expense.');
    const letter = await upload(url, `http://${samples}/letter.txt`);
    await get(`${url}/documents/byId?id=${letter}`, answer => answer.includes('"analyzed"'));

    console.log('\n# What is not for strangers is not fetched for them.');
    await upload(url, 'http://127.0.0.1:22/');
    await upload(url, 'http://169.254.169.254/latest/meta-data');
    await upload(url, 'file:///etc/passwd');
    await upload(url, `http://${samples}/missing.txt`);
}

async function upload(url: string, documentUrl: string): Promise<string | undefined> {
    const response = await fetch(`${url}/documents/upload-from-url`, {
        method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify({url: documentUrl})
    });
    const answer = await response.json() as {documentId?: string; code?: string; detail?: string};
    console.log(`POST /documents/upload-from-url ${JSON.stringify({url: documentUrl})}`);
    console.log(`  ${response.status} ${answer.code === undefined ? JSON.stringify(answer) : `${answer.code}: ${answer.detail}`}`);
    return answer.documentId;
}

/** Asks until the answer is as it is to become. */
async function get(url: string, isDone: (answer: string) => boolean): Promise<void> {
    const deadline = Date.now() + TIMEOUT_MS;
    for (;;) {
        const response = await fetch(url);
        const answer = await response.text();
        if (isDone(answer)) {
            console.log(`GET ${new URL(url).pathname}${new URL(url).search}\n  ${response.status} ${answer}`);
            return;
        }
        if (Date.now() > deadline)
            throw new Error(`GET ${url} still answers ${answer}`);
        await delay(20);
    }
}
