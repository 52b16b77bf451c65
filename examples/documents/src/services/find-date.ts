const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];
const MONTH = `(${MONTHS.map(month => `${month}|${month.slice(0, 3)}\\.?`).join('|')})`;

type Reader = readonly [pattern: RegExp, read: (groups: readonly string[]) => readonly [year: string, month: string, day: string]];
const monthOf = (name: string): string => String(MONTHS.findIndex(month => month.startsWith(name.toLowerCase().slice(0, 3))) + 1);

const READERS: readonly Reader[] = [
    [/\b(\d{4})-(\d{2})-(\d{2})\b/g, ([year = '', month = '', day = '']) => [year, month, day]],
    [/\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b/g, ([day = '', month = '', year = '']) => [year, month, day]],
    [new RegExp(`\\b${MONTH} (\\d{1,2})(?:st|nd|rd|th)?,? (\\d{4})\\b`, 'gi'), ([month = '', day = '', year = '']) => [year, monthOf(month), day]],
    [new RegExp(`\\b(\\d{1,2})(?:st|nd|rd|th)?\\.? ${MONTH},? (\\d{4})\\b`, 'gi'), ([day = '', month = '', year = '']) => [year, monthOf(month), day]]
];

/** The first date of a text that there is in the calendar, as `2026-11-21`. */
export function findDate(text: string): string | undefined {
    const found = READERS.flatMap(([pattern, read]) => Array.from(text.matchAll(pattern), match => ({at: match.index, date: toIso(read(match.slice(1)))})));
    return found.filter(({date}) => date !== undefined).sort((a, b) => a.at - b.at)[0]?.date;
}

function toIso([year, month, day]: readonly [string, string, string]): string | undefined {
    const iso = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
    const date = new Date(`${iso}T00:00:00Z`);
    return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(iso) ? iso : undefined;
}
