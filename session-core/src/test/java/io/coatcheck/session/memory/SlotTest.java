package io.coatcheck.session.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The steps of an expiry, with those of other threads between them. */
class SlotTest {

  private final StoredSession session = Sessions.of("alice").build();
  private final Slot slot = new Slot(session);
  private final long before = Sessions.NOW.toEpochMilli() + 1;
  private final long now = before + 1;

  @BeforeEach
  void seenOnce() {
    assertThat(slot.touch(before)).isNotNegative();
  }

  @Test
  void empty_duringAnExpiry_letsNoTouchSucceedAfterIt() throws Exception {
    assertThat(slot.hold(before)).isTrue();
    StoredSession ended = slot.empty(session);
    assertThat(slot.emptyHeld(session, before)).isFalse();

    assertThat(endsATouchThatReadBefore()).as("a touch that is missing from what ended").isFalse();
    assertThat(ended).isNotNull();
    assertThat(ended.lastSeenAt().toEpochMilli()).isEqualTo(before);
  }

  @Test
  void thaw_duringAnExpiry_letsNoTouchSucceedAfterIt() throws Exception {
    assertThat(slot.hold(before)).isTrue();
    try (Step step = new Step()) {
      Step.Frozen frozen = step.freeze(slot, session);
      assertThat(frozen).isNotNull();
      frozen.becomes(null);
      step.take();
    }
    assertThat(slot.emptyHeld(session, before)).isFalse();

    assertThat(endsATouchThatReadBefore()).isFalse();
    assertThat(slot.seen()).isEqualTo(before);
  }

  @Test
  void replace_duringAnExpiry_admitsTouchesAgain() {
    StoredSession written = session.withNextVersion();
    assertThat(slot.hold(before)).isTrue();
    assertThat(slot.seen()).isEqualTo(before);
    assertThat(slot.replace(session, written)).isTrue();
    assertThat(slot.emptyHeld(session, before)).isFalse();

    assertThat(slot.touch(now)).isEqualTo(before);
    assertThat(slot.empty(written)).isNotNull();
    assertThat(slot.seen()).isEqualTo(now);
  }

  @Test
  void expire_withoutOthers_endsTheSessionAsItWasLastSeen() {
    assertThat(slot.expire(session, session.seenAtMillis(before).expiresAt())).isTrue();
    assertThat(slot.touch(now)).isNegative();
    assertThat(slot.asSeen(session).lastSeenAt().toEpochMilli()).isEqualTo(before);
  }

  /** The admission waits for the table's monitor when it has frozen what it will end. */
  @Test
  void touch_duringAnAdmissionThatEndsTheSession_isInWhatEnded() throws Exception {
    InMemorySessionStore store = InMemorySessionStore.builder().build();
    store.insert(session);
    Slot oldest = store.table().peek(session.id());
    Object authenticated =
        MethodHandles.privateLookupIn(SessionTable.class, MethodHandles.lookup())
            .findVarHandle(SessionTable.class, "authenticated", SlotTable.class)
            .get(store.table());
    CompletableFuture<Admission> admission;
    synchronized (authenticated) {
      admission =
          CompletableFuture.supplyAsync(
              () ->
                  store
                      .table()
                      .admit(
                          Sessions.of("alice").build(),
                          true,
                          1,
                          WhenFull.EVICT_OLDEST,
                          Sessions.NOW));
      while (!oldest.isFrozen() && !admission.isDone()) {
        Thread.onSpinWait();
      }
      assertThat(oldest.touch(now)).isNotNegative();
    }

    assertThat(admission.get(60, TimeUnit.SECONDS).evicted())
        .extracting(one -> one.lastSeenAt().toEpochMilli())
        .containsExactly(now);
  }

  /** Does the last step of a touch that had read the session and the moment before all that. */
  private boolean endsATouchThatReadBefore() throws ReflectiveOperationException {
    VarHandle seen =
        MethodHandles.privateLookupIn(Slot.class, MethodHandles.lookup())
            .findVarHandle(Slot.class, "seen", long.class);
    return seen.compareAndSet(slot, before, now);
  }
}
