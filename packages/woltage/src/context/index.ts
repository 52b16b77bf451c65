export * from './execution-context.ts';
export * from './schedule.ts';
