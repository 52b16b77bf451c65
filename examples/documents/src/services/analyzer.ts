import {TextDecoder} from 'node:util';
import {findAmount} from './find-amount.ts';
import {findDate} from './find-date.ts';
import type {Analyzer} from './services.ts';

/** What was found in a document. */
export type Analysis =
    | {readonly isExpense: false; readonly reason: string}
    | {readonly isExpense: true; readonly amount: number; readonly currency: string; readonly date: string; readonly vendor: string};

const no = (reason: string): Analysis => ({isExpense: false, reason});

/** Reads invoices and receipts that are plain text. Where yours are scanned, an OCR service goes in its place. */
export class TextAnalyzer implements Analyzer {
    async analyze(file: Uint8Array, contentType: string): Promise<Analysis> {
        if (!/^text\/plain\b/i.test(contentType))
            return no(`it is ${contentType}, and not plain text`);
        const [, charset = 'utf-8'] = /;\s*charset="?([^\s;"]+)/i.exec(contentType) ?? [];
        const text = decode(file, charset);
        return text === undefined ? no(`its charset is ${charset}, which is not known`) : analyzeText(text);
    }
}

/** @returns undefined where there is no such charset */
function decode(file: Uint8Array, charset: string): string | undefined {
    try {
        return new TextDecoder(charset).decode(file);
    } catch {
        return undefined;
    }
}

/** Amount, currency, date and vendor of an invoice, or why it is none. */
export function analyzeText(text: string): Analysis {
    const lines = text.split(/\r?\n/).map(line => line.trim()).filter(line => line !== '');
    if (!/\b(?:invoice|receipt|bill|rechnung|quittung|facture)\b/i.test(text))
        return no('it is neither an invoice nor a receipt');
    const found = findAmount(lines);
    if (found === undefined)
        return no('it has no amount with a currency');
    if (found.amount === 0)
        return no('its total is 0');
    const date = findDate(text);
    if (date === undefined)
        return no('it has no date');
    return {isExpense: true, ...found, date, vendor: findVendor(lines)};
}

/** The one that it says it is from, else whoever stands at the top. */
function findVendor(lines: readonly string[]): string {
    for (const line of lines) {
        const [, vendor] = /^(?:vendor|seller|from|supplier|verkäufer|von)\s*:\s*(.+)$/i.exec(line) ?? [];
        if (vendor !== undefined)
            return vendor;
    }
    return lines.find(line => !/^(?:invoice|receipt|bill|rechnung|quittung|facture)\b/i.test(line)) ?? 'unknown';
}
