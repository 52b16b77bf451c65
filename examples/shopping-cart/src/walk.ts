import {setTimeout as delay} from 'node:timers/promises';

const TIMEOUT_MS = 15_000;
const headers = {'content-type': 'application/json', 'user-agent': 'walk', 'accept-language': 'en'};

/** Goes shopping over HTTP, and prints what it asks and what it gets. */
export class Walk {
    readonly #url: string;
    readonly #print: (line: string) => void;

    constructor(url: string, print: (line: string) => void) {
        this.#url = url;
        this.#print = print;
    }

    say(text: string): void {
        this.#print(`\n# ${text}`);
    }

    async post(path: string, body: object): Promise<void> {
        const response = await fetch(this.#url + path, {method: 'POST', headers, body: JSON.stringify(body)});
        this.#print(`POST ${path} ${JSON.stringify(body)}`);
        this.#print(`  ${response.status} ${shortened(await response.text())}`.trimEnd());
    }

    /** Asks until the answer is as it is to become: what other systems are told takes a moment. */
    async get(path: string, isDone: (answer: string) => boolean = () => true): Promise<string> {
        const deadline = Date.now() + TIMEOUT_MS;
        for (;;) {
            const response = await fetch(this.#url + path, {headers});
            const text = await response.text();
            const isLate = Date.now() > deadline;
            if (isDone(text) || isLate) {
                this.#print(`GET ${path}`);
                this.#print(`  ${response.status} ${shortened(text)}`);
                if (isLate)
                    throw new Error(`GET ${path} was not answered as expected within ${TIMEOUT_MS} ms.`);
                return text;
            }
            await delay(20);
        }
    }
}

/** Of a command's answer the types of its events, of a problem its code and what it says. */
function shortened(text: string): string {
    if (!text.startsWith('{'))
        return text;
    const {events, code, detail} = JSON.parse(text) as {events?: readonly {readonly type: string}[]; code?: string; detail?: string};
    if (code !== undefined)
        return `${code}: ${detail}`;
    return events === undefined ? text : events.map(({type}) => type).join(', ');
}
