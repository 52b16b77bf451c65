export * from './execution-context.ts';
