/** The values of a statement, which it refers to by number. */
export class SqlValues {
    readonly list: (string | number | bigint | boolean | null)[] = [];

    /** @returns The placeholder */
    add(value: string | number | bigint | boolean | null, type: string): string {
        this.list.push(value);
        return `$${this.list.length}::${type}`;
    }
}
