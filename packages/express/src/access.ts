import type {Request} from 'express';
import {ForbiddenError} from 'woltage';
import type {Access} from './options.ts';
import type {Settings} from './settings.ts';

/** @throws ForbiddenError, or what the hook throws */
export async function authorize({authorize: hook}: Settings, access: Access): Promise<void> {
    const permission: unknown = await hook?.(access);
    if (permission !== undefined && permission !== true || access.req.res?.headersSent === true)
        throw new ForbiddenError();
}

export const contextOf = async ({context}: Settings, req: Request): Promise<object> => await context?.(req) ?? {};
