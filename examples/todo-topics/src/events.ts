import {defineEvent, z} from 'woltage';

export const TodoRegistered = defineEvent('TodoRegistered', {
    schema: z.object({id: z.string(), title: z.string()}),
    tags: ({id}) => [`todo:${id}`]
});

export const TodoCompleted = defineEvent('TodoCompleted', {
    schema: z.object({id: z.string()}),
    tags: ({id}) => [`todo:${id}`]
});
