import type {ServerWritableStream} from '@grpc/grpc-js';

/** Writes with backpressure. @returns Whether the call goes on */
export function write<R>(call: ServerWritableStream<unknown, R>, message: R): Promise<boolean> {
    if (call.cancelled || call.destroyed)
        return Promise.resolve(false);
    if (call.write(message))
        return Promise.resolve(true);
    return new Promise(resolve => {
        const done = (): void => {
            for (const event of ['drain', 'cancelled', 'close'])
                call.off(event, done);
            resolve(!call.cancelled && !call.destroyed);
        };
        for (const event of ['drain', 'cancelled', 'close'])
            call.on(event, done);
    });
}
