/** A contestant: does the work once and returns how many operations that were. */
export type Contestant = () => Promise<number>;

export interface Figure {
    readonly name: string;
    /** Median over the rounds. */
    readonly perSecond: number;
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** Lets the contestants run in turn, round by round, so that whatever else the machine does hits them alike. */
export async function compare(contestants: Readonly<Record<string, Contestant>>, rounds = 5): Promise<Figure[]> {
    const rates = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
        for (const [name, run] of Object.entries(contestants)) {
            globalThis.gc?.();
            const began = performance.now();
            const operations = await run();
            rates.set(name, [...rates.get(name) ?? [], operations / (performance.now() - began) * 1000]);
        }
    }
    return Array.from(rates, ([name, values]) => ({name, perSecond: median(values)}));
}

/** Prints the figures, each as a ratio to the one named. */
export function print(title: string, figures: readonly Figure[], reference: string): void {
    const base = figures.find(({name}) => name === reference)?.perSecond ?? NaN;
    console.log(`\n${title}`);
    for (const {name, perSecond} of figures)
        console.log(`  ${name.padEnd(34)} ${Math.round(perSecond).toLocaleString('en').padStart(10)}/s  ${(perSecond / base).toFixed(2).padStart(6)} x ${reference}`);
}
