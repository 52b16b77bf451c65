export interface FoundAmount {
    readonly amount: number;
    readonly currency: string;
}

const SYMBOLS: Readonly<Record<string, string>> = {'€': 'EUR', '$': 'USD', '£': 'GBP', '¥': 'JPY'};
const CURRENCY = '[€$£¥]|\\b(?:EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|PLN)\\b';
/** Of limited length, and not begun amid digits: documents come from strangers, and the time that a line takes mustn't grow with the square of its length. */
const NUMBER = '\\d[\\d.,\' ]{0,30}';
const AMOUNT = new RegExp(`(${CURRENCY})\\s*(${NUMBER})|(?<!\\d)(${NUMBER})\\s*(${CURRENCY})`, 'gi');
/** Longer lines are no lines of an invoice. */
const MAX_LINE = 500;
const TOTAL = /\b(?:grand total|total due|amount due|balance due|total|gesamtbetrag|gesamt|summe|zu zahlen)\b/i;

/** The amount of the last line that names a total; where there is none, the largest amount. Lines of more than 500 characters don't count. */
export function findAmount(text: readonly string[]): FoundAmount | undefined {
    const lines = text.filter(({length}) => length <= MAX_LINE);
    const totals = lines.filter(line => TOTAL.test(line)).flatMap(amountsIn);
    return totals.at(-1) ?? lines.flatMap(amountsIn).sort((a, b) => b.amount - a.amount)[0];
}

function amountsIn(line: string): FoundAmount[] {
    return Array.from(line.matchAll(AMOUNT)).flatMap(([, before, numberAfter, numberBefore, after]) => {
        const mark = (before ?? after ?? '').toUpperCase();
        const amount = parseNumber(numberAfter ?? numberBefore ?? '');
        return Number.isFinite(amount) ? [{amount, currency: SYMBOLS[mark] ?? mark}] : [];
    });
}

/** `1,234.50`, `1.234,50`, `1'234.50`, `1 234,50` and `1234.5` are all the same: the last mark with one or two digits behind it is the decimal one. */
export function parseNumber(text: string): number {
    const [, whole = '', decimals = ''] = /^([\d.,' ]*?)(?:[.,](\d{1,2}))?[.,' ]*$/.exec(text.trim()) ?? [];
    const digits = whole.replace(/\D/g, '');
    return digits === '' ? NaN : Number(`${digits}.${decimals || 0}`);
}
