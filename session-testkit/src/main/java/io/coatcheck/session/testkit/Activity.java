package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** The ways in which a session is seen again. A store that keeps a part twice may miss one. */
enum Activity {
  TOUCH,
  TOUCH_OF_MANY,
  UPDATE;

  /** Moves the last-seen moment of a session forward, and returns what is stored then. */
  StoredSession at(Instant moment, SessionStore node, StoredSession stored) {
    StoredSession seen = stored.toBuilder().lastSeenAt(moment).build();
    return switch (this) {
      case TOUCH -> {
        assertThat(node.touch(stored.id(), moment, ContractPart.NOW)).as("a touch").isTrue();
        yield seen;
      }
      case TOUCH_OF_MANY -> {
        Optional<BatchTouch> batch = node.batchTouch();
        ContractPart.assumeHas(batch, BatchTouch.class);
        assertThat(batch.orElseThrow().touchAll(Map.of(stored.id(), moment), ContractPart.NOW))
            .as("a touch in a batch")
            .containsExactly(stored.id());
        yield seen;
      }
      case UPDATE -> {
        assertThat(node.update(seen, ContractPart.NOW)).as("an update").isTrue();
        yield ContractPart.successor(seen);
      }
    };
  }
}
