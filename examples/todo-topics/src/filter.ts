import {z} from 'woltage';

/** What todos are looked for by. */
export const filter = z.object({id: z.string().exactOptional(), title: z.string().exactOptional(), completed: z.boolean().exactOptional()});
export type Filter = z.infer<typeof filter>;
