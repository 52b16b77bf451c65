export {
    DurableSideEffect, type DurableSideEffectOptions, type EffectRetry, type EffectRun, type FinalFailure
} from './durable-side-effect.ts';
export {emit, type Emission} from './emit.ts';
export {publish, publishEffect} from './publish.ts';
export {executeCommand} from './execute-command.ts';
export {cancelScheduled, scheduleCommand} from './schedule-command.ts';
export {sideEffect} from './side-effect.ts';
