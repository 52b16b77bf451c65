/** Quotes an identifier of SQL. */
export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Quotes text of SQL, whatever the server's settings are. */
export const quoteText = (text: string): string => ` E'${text.replaceAll('\\', '\\\\').replaceAll('\'', '\'\'')}'`;
