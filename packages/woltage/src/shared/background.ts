/** Lets a task go on by itself. @param onError Is told when it fails: nothing is ever left unhandled */
export function inBackground(task: Promise<unknown>, onError: (error: unknown) => void): void {
    task.catch(onError);
}
