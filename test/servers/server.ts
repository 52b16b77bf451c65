/** A server that was started for tests, on a free port of this machine; its data outlives {@link TestServer.kill}. */
export interface TestServer {
    readonly port: number;
    readonly url: string;
    /** Starts it (again), with the data that it had; resolves when it answers. */
    start(): Promise<void>;
    /** Ends it at once, as a crash does. */
    kill(): Promise<void>;
    /** Ends it, and removes its data. */
    stop(): Promise<void>;
}

/** Where a kind of server comes from. */
export interface ServerKind<S extends TestServer = TestServer> {
    /** As in `WOLTAGE_REQUIRE`. */
    readonly name: string;
    readonly title: string;
    /** The environment variable that names a running server. */
    readonly variable: string;
    /** The command that installs it. */
    readonly install: string;
    readonly image: DockerImage;
    /** What the suites run on where there is no server; left out where they don't. */
    readonly standIn?: string;
    /** Whether a server can be started from a program on this machine. */
    isInstalled(): boolean;
    /** Starts a server from a program on this machine. */
    startLocal(settings?: readonly string[]): Promise<S>;
    /** Resolves when the server answers. */
    answers(url: string): Promise<boolean>;
}

export interface DockerImage {
    readonly name: string;
    /** The port inside the container. */
    readonly port: number;
    readonly environment: Readonly<Record<string, string>>;
    readonly args: readonly string[];
    url(port: number): string;
}

/** Asks again and again. @throws when it doesn't answer in time */
export async function untilItAnswers(kind: ServerKind, url: string, timeoutMs: number, hasEnded: () => boolean = () => false): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!await kind.answers(url)) {
        if (hasEnded() || Date.now() > deadline)
            throw new Error(`${kind.title} was started, but ${hasEnded() ? 'ended at once' : `doesn't answer after ${timeoutMs} ms`}.`);
        await new Promise(resolve => setTimeout(resolve, 20));
    }
}
