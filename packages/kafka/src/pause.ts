/** Doubles with every attempt, up to a limit; a random part of it keeps many from coming at once. */
export function pauseMs(attempt: number, first: number, max: number): number {
    const full = Math.min(max, first * 2 ** Math.min(attempt, 30));
    return full / 2 + Math.random() * full / 2;
}
