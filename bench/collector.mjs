// A healthy collector in a process of its own: reads bodies, counts bytes and records, answers 200.
// Prints its port; `GET /counts` answers { bytes, records } since the last such request.
import { createServer } from 'node:http';

/** Ends every span record, whoever made it. */
const RECORD_END = Buffer.from('"updatedAt":null}');

let counts = { bytes: 0, records: 0 };

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(JSON.stringify(counts));
    counts = { bytes: 0, records: 0 };
    return;
  }
  let tail = Buffer.alloc(0);
  request.on('data', (chunk) => {
    counts.bytes += chunk.length;
    // A mark may lie across two chunks.
    const seam = Buffer.concat([tail, chunk.subarray(0, RECORD_END.length - 1)]);
    counts.records += occurrences(seam) + occurrences(chunk);
    tail = Buffer.concat([tail, chunk.subarray(-RECORD_END.length + 1)]).subarray(-RECORD_END.length + 1);
  });
  request.on('end', () => response.end('{}'));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));

function occurrences(bytes) {
  let count = 0;
  for (let at = bytes.indexOf(RECORD_END); at >= 0; at = bytes.indexOf(RECORD_END, at + RECORD_END.length)) count += 1;
  return count;
}
