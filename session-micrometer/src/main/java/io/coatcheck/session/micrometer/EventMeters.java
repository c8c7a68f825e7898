package io.coatcheck.session.micrometer;

import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.RefusalReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.StoreOperation;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.BaseUnits;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** Counts the events of sessions. Of an event, only its kind, reason and operation become tags. */
final class EventMeters {

  private final MeterRegistry registry;
  private final Tags tags;

  private final Counter created;
  private final Counter authenticated;
  private final Counter renewed;
  private final TaggedCounters ended;
  private final Counter endedElsewhere;
  private final Timer age;
  private final TaggedCounters refused;
  private final Counter conflicts;
  private final TaggedCounters dropped;
  private final Counter undecodable;
  private final Counter attributesRefused;
  private final Counter unencodable;
  private final TaggedCounters failures;
  private final Map<CredentialKind, TaggedCounters> credentials =
      new EnumMap<>(CredentialKind.class);

  EventMeters(MeterRegistry registry, Tags tags) {
    this.registry = registry;
    this.tags = tags;
    created =
        Counter.builder("coatcheck.sessions.created")
            .description("Sessions stored for the first time")
            // Without a unit the Prometheus name would end in _created, which Prometheus reserves.
            .baseUnit(BaseUnits.SESSIONS)
            .tags(tags)
            .register(registry);
    authenticated = counter("coatcheck.sessions.authenticated", "Logins");
    renewed = counter("coatcheck.sessions.renewed", "New secrets without a login");
    ended = counters("coatcheck.sessions.ended", "Sessions that ended", EndReason.values());
    endedElsewhere =
        counter(
            "coatcheck.sessions.ended.elsewhere",
            "Copies of the near cache whose session had ended");
    age =
        Timer.builder("coatcheck.sessions.age")
            .description("Time from the creation of a session to its end")
            .tags(tags)
            .register(registry);
    refused =
        counters(
            "coatcheck.sessions.refused", "Tokens that were not accepted", RefusalReason.values());
    conflicts =
        counter("coatcheck.saves.conflicts", "Writes repeated because another request wrote first");
    dropped =
        counters(
            "coatcheck.saves.dropped",
            "Saves that dropped changes of a request",
            DropReason.values());
    undecodable =
        counter("coatcheck.attributes.undecodable", "Reads of attributes that cannot be decoded");
    attributesRefused = counter("coatcheck.attributes.refused", "Values that were not accepted");
    unencodable =
        counter(
            "coatcheck.attributes.unencodable",
            "Values changed in place that can no longer be encoded");
    failures =
        new TaggedCounters(
            registry,
            tags,
            "coatcheck.store.failures",
            "Operations of the store that failed",
            "operation",
            Arrays.stream(StoreOperation.values()).map(StoreOperation::methodName).toList());
    for (CredentialKind kind : CredentialKind.values()) {
      credentials.put(
          kind,
          new TaggedCounters(
              registry,
              tags.and("kind", word(kind)),
              "coatcheck.credentials",
              "Credentials of other systems that were presented to a bridge",
              "outcome",
              Arrays.stream(CredentialOutcome.values()).map(EventMeters::word).toList()));
    }
  }

  void count(SessionEvent event) {
    if (event instanceof SessionEvent.Created) {
      created.increment();
    } else if (event instanceof SessionEvent.Authenticated) {
      authenticated.increment();
    } else if (event instanceof SessionEvent.Renewed) {
      renewed.increment();
    } else if (event instanceof SessionEvent.Ended end) {
      ended.increment(word(end.reason()));
      age.record(Duration.between(end.session().createdAt(), end.at()));
    } else if (event instanceof SessionEvent.EndedElsewhere) {
      endedElsewhere.increment();
    } else if (event instanceof SessionEvent.TokenRefused refusal) {
      refused.increment(word(refusal.reason()));
    } else {
      countTrouble(event);
    }
  }

  private void countTrouble(SessionEvent event) {
    if (event instanceof SessionEvent.SavedAfterConflict saved) {
      conflicts.increment(saved.attempts() - 1);
    } else if (event instanceof SessionEvent.WriteDropped drop) {
      dropped.increment(word(drop.reason()));
    } else if (event instanceof SessionEvent.AttributeUndecodable) {
      undecodable.increment();
    } else if (event instanceof SessionEvent.AttributeRefused) {
      attributesRefused.increment();
    } else if (event instanceof SessionEvent.AttributeUnencodable) {
      unencodable.increment();
    } else if (event instanceof SessionEvent.StoreFailed failed) {
      failures.increment(failed.operation());
    } else if (event instanceof SessionEvent.ForeignCredential credential) {
      Objects.requireNonNull(credentials.get(credential.kind()))
          .increment(word(credential.outcome()));
    } else {
      throw new IllegalArgumentException("no meter counts " + event.getClass().getName());
    }
  }

  private Counter counter(String name, String description, String... ownTags) {
    return Counter.builder(name)
        .description(description)
        .tags(tags.and(ownTags))
        .register(registry);
  }

  private TaggedCounters counters(String name, String description, Enum<?>[] reasons) {
    List<String> words = Arrays.stream(reasons).map(EventMeters::word).toList();
    return new TaggedCounters(registry, tags, name, description, "reason", words);
  }

  private static String word(Enum<?> reason) {
    return reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
