package io.coatcheck.session.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.micrometer.core.instrument.Measurement;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("The meters of the events of sessions")
class SessionMetricsTest {

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final SessionMetrics metrics = SessionMetrics.create(registry);

  static Stream<SessionEvent> events() {
    assertThat(SampleEvents.kinds()).hasSizeGreaterThanOrEqualTo(12);
    return SampleEvents.all().stream();
  }

  private Map<Meter.Id, Double> values() {
    Map<Meter.Id, Double> values = new HashMap<>();
    for (Meter meter : registry.getMeters()) {
      double sum = 0;
      for (Measurement measurement : meter.measure()) {
        sum += measurement.getValue();
      }
      values.put(meter.getId(), sum);
    }
    return values;
  }

  private double count(String name, String... tags) {
    return registry.get(name).tags(tags).counter().count();
  }

  @ParameterizedTest
  @MethodSource("events")
  void event_raisesAMeterThatWasRegisteredBefore(SessionEvent event) {
    Map<Meter.Id, Double> before = values();

    metrics.onEvent(event);

    Map<Meter.Id, Double> after = values();
    assertThat(after.keySet()).isEqualTo(before.keySet());
    assertThat(after).isNotEqualTo(before);
  }

  @ParameterizedTest
  @MethodSource("events")
  void event_ofEachReason_raisesItsOwnMeter(SessionEvent event) {
    metrics.onEvent(event);
    Map<Meter.Id, Double> once = values();
    long raised = once.values().stream().filter(value -> value > 0).count();
    // The end of a session also has its age.
    assertThat(raised).isEqualTo(event instanceof SessionEvent.Ended ? 2 : 1);
  }

  @Test
  void meters_containNothingOfASession() {
    metrics.observe(
        NearCacheSessionStore.wrap(InMemorySessionStore.builder().copyOnRead(true).build()));
    SampleEvents.all().forEach(metrics::onEvent);

    Set<String> texts = new HashSet<>();
    for (Meter meter : registry.getMeters()) {
      texts.add(meter.getId().getName());
      texts.add(String.valueOf(meter.getId().getDescription()));
      for (Tag tag : meter.getId().getTags()) {
        texts.add(tag.getKey());
        texts.add(tag.getValue());
      }
    }
    assertThat(texts)
        .hasSizeGreaterThan(40)
        .allSatisfy(
            text ->
                assertThat(text)
                    .doesNotContain(
                        SampleEvents.PRINCIPAL,
                        SampleEvents.ADDRESS,
                        SampleEvents.USER_AGENT,
                        SampleEvents.ATTRIBUTE,
                        SampleEvents.PROBLEM,
                        SampleEvents.SESSION.id().toString()));
    Pattern word = Pattern.compile("[a-zA-Z-]{1,20}");
    assertThat(registry.getMeters())
        .flatExtracting(meter -> meter.getId().getTags())
        .extracting(Tag::getValue)
        .allSatisfy(value -> assertThat(value).matches(word));
  }

  @Test
  void storeFailed_ofAnUnknownOperation_addsNoTag() {
    Set<Meter.Id> before = values().keySet();
    SessionEvent event =
        new SessionEvent.StoreFailed(
            Instant.EPOCH, Optional.empty(), "alice", new SessionStoreException("down"));
    assertThatThrownBy(() -> metrics.onEvent(event)).hasMessageContaining("alice");
    assertThat(values().keySet()).isEqualTo(before);
  }

  @Test
  void savedAfterConflict_countsTheWritesThatLost() {
    metrics.onEvent(new SessionEvent.SavedAfterConflict(Instant.EPOCH, SampleEvents.SESSION, 4));
    assertThat(count("coatcheck.saves.conflicts")).isEqualTo(3);
  }

  @Test
  void ended_recordsTheAgeOfTheSession() {
    Instant end = SampleEvents.SESSION.createdAt().plusSeconds(90);
    metrics.onEvent(new SessionEvent.Ended(end, SampleEvents.SESSION, EndReason.LOGOUT));
    assertThat(count("coatcheck.sessions.ended", "reason", "logout")).isEqualTo(1);
    assertThat(registry.get("coatcheck.sessions.age").timer().totalTime(TimeUnit.SECONDS))
        .isCloseTo(90, within(0.001));
  }

  @Test
  void ended_beforeItsCreation_byTheClockOfAnotherNode_isCounted() {
    Instant end = SampleEvents.SESSION.createdAt().minusSeconds(1);
    metrics.onEvent(new SessionEvent.Ended(end, SampleEvents.SESSION, EndReason.REVOKED));
    assertThat(count("coatcheck.sessions.ended", "reason", "revoked")).isEqualTo(1);
  }

  @Test
  void tags_areOnEveryMeter_andTellManagersApart() {
    SimpleMeterRegistry shared = new SimpleMeterRegistry();
    SessionMetrics shop = SessionMetrics.create(shared, Tags.of("site", "shop"));
    SessionMetrics forum = SessionMetrics.create(shared, Tags.of("site", "forum"));
    for (SessionMetrics each : new SessionMetrics[] {shop, forum}) {
      each.meter(InMemorySessionStore.builder().copyOnRead(true).build());
      each.observe(
          NearCacheSessionStore.wrap(InMemorySessionStore.builder().copyOnRead(true).build()));
    }
    shop.onEvent(new SessionEvent.Created(Instant.EPOCH, SampleEvents.SESSION));

    assertThat(shared.getMeters())
        .allSatisfy(meter -> assertThat(meter.getId().getTag("site")).isIn("shop", "forum"));
    assertThat(shared.get("coatcheck.sessions.created").tag("site", "shop").counter().count())
        .isEqualTo(1);
    assertThat(shared.get("coatcheck.sessions.created").tag("site", "forum").counter().count())
        .isZero();
  }

  @Test
  void live_isTheNumberOfSessionsInMemory() {
    InMemorySessionStore memory = InMemorySessionStore.builder().build();
    metrics.observe(memory);
    assertThat(registry.get("coatcheck.sessions.live").gauge().value()).isZero();
    memory.insert(SampleEvents.SESSION);
    assertThat(registry.get("coatcheck.sessions.live").gauge().value()).isEqualTo(1);
    memory.delete(SampleEvents.SESSION.id());
    assertThat(registry.get("coatcheck.sessions.live").gauge().value()).isZero();
  }

  @Test
  void breaker_isOneWhileItIsOpen() {
    AtomicBoolean isOpen = new AtomicBoolean();
    metrics.observeBreaker(isOpen::get);
    assertThat(registry.get("coatcheck.store.breaker").gauge().value()).isZero();
    isOpen.set(true);
    assertThat(registry.get("coatcheck.store.breaker").gauge().value()).isEqualTo(1);
  }

  @Test
  void listener_needsNoAttributes() {
    assertThat(metrics.needsAttributes()).isFalse();
  }
}
