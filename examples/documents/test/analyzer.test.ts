import {describe, expect, it} from 'vitest';
import {analyzeText, TextAnalyzer} from '../src/services/analyzer.ts';
import {parseNumber} from '../src/services/find-amount.ts';
import {findDate} from '../src/services/find-date.ts';

describe('The analyzer', () => {
    it('finds amount, currency, date and vendor of an invoice', () => {
        expect(analyzeText('INVOICE\nAcme Inc.\nDate: 2026-11-02\nWidgets $10.00\nTotal: $1,210.50')).toEqual({isExpense: true, amount: 1210.5, currency: 'USD', date: '2026-11-02', vendor: 'Acme Inc.'});
        expect(analyzeText('Rechnung 17\nVon: Müller GmbH\nBerlin, 3.1.2026\nSumme 1.234,50 €')).toEqual({isExpense: true, amount: 1234.5, currency: 'EUR', date: '2026-01-03', vendor: 'Müller GmbH'});
    });

    it('takes the last total, and else the largest amount', () => {
        const invoice = (lines: string) => analyzeText(`Receipt\nShop\n2026-01-01\n${lines}`);
        expect(invoice('Subtotal 8 EUR\nTotal 8 EUR\nGrand total 9.52 EUR')).toMatchObject({amount: 9.52});
        expect(invoice('Tea 4.50 EUR\nCake 12 EUR\nSugar 0.10 EUR')).toMatchObject({amount: 12});
    });

    it.each([
        ['Dear Ann,\nthe weather is fine.', /neither/], ['Invoice\nShop\n2026-01-01\n12', /amount/], ['Invoice\nShop\nTotal 12 EUR\n31.2.2026', /date/], ['', /neither/],
        ['Invoice\nShop\n2026-01-01\nTotal 0.00 EUR', /total is 0/]
    ])('says why %j is no expense', (text, reason) => {
        expect(analyzeText(text)).toEqual({isExpense: false, reason: expect.stringMatching(reason)});
    });

    it('reads plain text alone', async () => {
        const bytes = new TextEncoder().encode('Invoice\nShop\n2026-01-01\nTotal 12 EUR');
        expect(await new TextAnalyzer().analyze(bytes, 'text/plain; charset=utf-8')).toMatchObject({isExpense: true, amount: 12});
        expect(await new TextAnalyzer().analyze(bytes, 'application/pdf')).toMatchObject({isExpense: false});
    });

    it('reads the charset that the server names', async () => {
        const bytes = Buffer.from('Invoice\nFrom: M\u00fcller\n2026-01-01\nTotal 12 EUR', 'latin1');
        expect(await new TextAnalyzer().analyze(bytes, 'text/plain; charset="ISO-8859-1"')).toMatchObject({vendor: 'M\u00fcller'});
        expect(await new TextAnalyzer().analyze(bytes, 'text/plain; charset=x-none')).toEqual({isExpense: false, reason: expect.stringMatching('charset')});
    });

    it.each([
        ['spaces', '1'.padEnd(1 << 20)], ['digits', '1'.repeat(1 << 20)], ['digits and spaces', '1 '.repeat(1 << 19)], ['currencies', '$ '.repeat(1 << 19)],
        ['lines that are nearly too long', `${'1'.padEnd(498)}x\n`.repeat(2100)], ['lines of digits', `${'1 '.repeat(249)}x\n`.repeat(2100)]
    ])('is done soon with 1 MiB of %s', (_what, hostile) => {
        expect(analyzeText(`Invoice total\n${hostile}x`)).toMatchObject({isExpense: false});
        expect(analyzeText(`Invoice\n2026-01-01\n${hostile}x\nTotal 12 EUR`)).toMatchObject({isExpense: true, amount: 12});
    }, 5000);

    it.each([['1,234.50', 1234.5], ['1.234,50', 1234.5], ['1\'234.50', 1234.5], ['1 234,5', 1234.5], ['1,234', 1234], ['12', 12], ['0.99', 0.99], ['142.68 ', 142.68], ['x', NaN]])('reads %j as %d', (text, number) => {
        expect(parseNumber(text)).toBe(number);
    });

    it.each([
        ['on 2026-11-21', '2026-11-21'], ['21.11.2026', '2026-11-21'], ['November 21st, 2026', '2026-11-21'], ['21 Nov 2026', '2026-11-21'], ['30.2.2026, no: 1.3.2026', '2026-03-01'], ['2026-13-01', undefined],
        ['due 5 May 2026, made 2026-04-05', '2026-05-05']
    ])('finds the date of %j', (text, date) => {
        expect(findDate(text)).toBe(date);
    });
});
