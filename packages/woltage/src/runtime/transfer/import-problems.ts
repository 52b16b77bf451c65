import {BadRequestError} from '../../errors/index.ts';

/** What is wrong with a line of a file. */
export const badLine = (code: string, line: number, why: string, details: object = {}): BadRequestError =>
    new BadRequestError(`Line ${line}: ${why}`, {code, details: {line, ...details}});
