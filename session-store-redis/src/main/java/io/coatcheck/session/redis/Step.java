package io.coatcheck.session.redis;

import java.util.ArrayList;
import java.util.List;

/** The result of a script that deletes many sessions in one step of the work. */
record Step(int lookedAt, List<byte[]> records) {

  /** The maximum number of sessions that one script looks at. */
  static final int MAX_SESSIONS = 200;

  /** The bytes of records after which a script stops; all buckets together if there are several. */
  static final int MAX_BYTES = 8 * 1024 * 1024;

  static Step of(List<Object> answer) {
    List<byte[]> records = new ArrayList<>(answer.size());
    answer.subList(1, answer.size()).forEach(record -> records.add((byte[]) record));
    return new Step(Math.toIntExact((Long) answer.get(0)), records);
  }

  /** Returns whether the script stopped because of the bytes, and not because it was done. */
  boolean isFull(int maxBytes) {
    return records.stream().mapToLong(record -> record.length).sum() >= maxBytes;
  }
}
