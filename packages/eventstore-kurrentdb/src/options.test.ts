import {inspect} from 'node:util';
import {describe, expect, it} from 'vitest';
import {KurrentDBEventStore} from './kurrentdb-event-store.ts';
import {settingsOf} from './options.ts';

describe('The options of a KurrentDBEventStore', () => {
    it('may be a connection string alone; messages name the server without what is secret', () => {
        expect(settingsOf('kurrentdb://localhost:2113?tls=false')).toMatchObject({server: 'kurrentdb://localhost:2113', streamPrefix: '', timeoutMs: 10_000, credentials: undefined});
        expect(settingsOf('kurrentdb+discover://me:s3%40cret@a:1,b:2/?tls=true')).toMatchObject({server: 'kurrentdb+discover://a:1,b:2', credentials: {username: 'me', password: 's3@cret'}});
        expect(settingsOf('esdb://me:x@host').server).toBe('esdb://host');
    });

    it.each([
        undefined, null, 1, '', 'localhost', 'http://localhost', 'kurrentdb://', 'kurrentdb://me:s3cret/host', 'kurrentdb://me:s3c@ret@host', 'kurrentdb://me:s3cret%@host',
        'kurrentdb://me:s3cret@host:port', {}, {connectionString: 'kurrentdb://host', client: {}}, {client: {}}, {client: 'me'}, {connectionString: 'kurrentdb://me:s3cret@host?throwOnAppendFailure=false'},
        {client: {appendToStream: () => undefined, throwOnAppendFailure: false}}, ...[{timeoutMs: 10}, {timeoutMs: '2000'}, {timeoutMs: NaN}, {clockSkewMs: -1}, {streamPrefix: '$a'}, {streamPrefix: 'a\n'},
            {streamPrefix: 1}, {logger: {}}, {logger: console.log}, {url: 'x'}, {prefix: 'x'}].map(other => ({connectionString: 'kurrentdb://me:s3cret@host', ...other}))
    ])('are refused with a message that shows no password: %o', options => {
        let error: unknown;
        try {
            new KurrentDBEventStore(options as never);
        } catch (thrown) {
            error = thrown;
        }
        expect(error).toMatchObject({code: 'KURRENTDB_OPTIONS'});
        expect(inspect(error, {depth: 9})).not.toContain('s3c');
    });
});
