package io.coatcheck.session.micrometer;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A counter for each of a fixed set of values, which are tags: no input of a client becomes one.
 */
final class TaggedCounters {

  private final String name;
  private final Map<String, Counter> counters = new HashMap<>();

  TaggedCounters(
      MeterRegistry registry,
      Tags tags,
      String name,
      String description,
      String tag,
      List<String> values) {
    this.name = name;
    for (String value : values) {
      counters.put(
          value,
          Counter.builder(name)
              .description(description)
              .tags(tags.and(tag, value))
              .register(registry));
    }
  }

  /**
   * Counts one.
   *
   * @throws IllegalArgumentException if the value is not one of the set
   */
  void increment(String value) {
    Counter counter = counters.get(value);
    if (counter == null) {
      throw new IllegalArgumentException(name + " has no value " + value);
    }
    counter.increment();
  }
}
