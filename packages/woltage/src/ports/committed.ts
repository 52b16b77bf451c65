import {StaleRecordError} from '../errors/index.ts';

/** Whether a commit was done: false where a record wasn't as it was expected, and somebody else was faster. @throws whatever else the commit fails with */
export async function committed(commit: Promise<void>): Promise<boolean> {
    try {
        await commit;
        return true;
    } catch (error) {
        if (error instanceof StaleRecordError)
            return false;
        throw error;
    }
}
