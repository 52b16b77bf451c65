import type {Request} from 'express';

/** A parameter of the path, decoded. The routes here have no wildcards, so it is always one string. */
export const parameter = (req: Request, name: string): string => req.params[name] as string;
