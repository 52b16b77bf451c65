import type {Row} from './table-definition.ts';

/** A row, and the id that it is kept under. */
export interface FoundRow {
    readonly id: string;
    readonly row: Row;
}

/** How many rows more than asked for are kept before the last ones are dropped. */
const SLACK = 1000;

/** The first rows of many in an order, in memory for these alone. */
export class TopRows {
    readonly #order: (a: FoundRow, b: FoundRow) => number;
    readonly #limit: number;
    #rows: FoundRow[] = [];

    constructor(order: (a: Row, b: Row) => number, limit = Infinity) {
        this.#order = (a, b) => order(a.row, b.row);
        this.#limit = limit;
    }

    add(row: FoundRow): void {
        this.#rows.push(row);
        if (this.#rows.length >= 2 * this.#limit + SLACK)
            this.#rows = this.inOrder();
    }

    inOrder(): FoundRow[] {
        const rows = this.#rows.sort(this.#order);
        return rows.length > this.#limit ? rows.slice(0, this.#limit) : rows;
    }
}
