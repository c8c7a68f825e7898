package io.coatcheck.session.codec;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Builds the lists of classes that make up an {@link AllowListPreset}. */
final class PresetNames {

  private PresetNames() {}

  /**
   * Returns the full names of classes of one package, whose simple names are separated by spaces.
   */
  static Set<String> in(String packageName, String names) {
    return Stream.of(names.split(" "))
        .map(name -> packageName + "." + name)
        .collect(Collectors.toUnmodifiableSet());
  }

  @SafeVarargs
  static Set<String> union(Set<String>... sets) {
    Set<String> all = new HashSet<>();
    for (Set<String> set : sets) {
      all.addAll(set);
    }
    return Set.copyOf(all);
  }
}
