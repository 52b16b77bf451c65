import type {RecordWrite} from '../../ports/index.ts';
import type {RetryPolicy, Task, TaskRun, TaskWork} from '../../tasks/index.ts';
import type {ActionWork} from './action-work.ts';
import {LETTER, type LetterWork} from './message-letters.ts';

/** What is in the queue of an action that takes messages: its runs, and letters about messages that it can't handle. */
export class ActionTasks implements TaskWork {
    readonly #runs: ActionWork;
    readonly #letters: LetterWork;

    constructor(runs: ActionWork, letters: LetterWork) {
        this.#runs = runs;
        this.#letters = letters;
    }

    policyOf(kind: string): RetryPolicy | undefined {
        return kind === LETTER ? this.#letters.policy : this.#runs.policyOf(kind);
    }

    isFinal(error: Error): boolean {
        return this.#runs.isFinal(error);
    }

    isForOthers(error: Error): boolean {
        return this.#runs.isForOthers(error);
    }

    run(task: Task, run: TaskRun): Promise<void> {
        return task.kind === LETTER ? this.#letters.run(task, run) : this.#runs.run(task, run);
    }

    /** The action's own hook is about its runs. */
    async onFinalFailure(task: Task, error: Error, signal: AbortSignal): Promise<void> {
        if (task.kind !== LETTER)
            await this.#runs.onFinalFailure(task, error, signal);
    }

    recordsAtEnd(task: Task): Promise<readonly RecordWrite[]> | readonly RecordWrite[] {
        return task.kind === LETTER ? [] : this.#runs.recordsAtEnd(task);
    }
}
