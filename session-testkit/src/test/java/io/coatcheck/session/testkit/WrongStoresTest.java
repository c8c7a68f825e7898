package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The contract finds each wrong store out, by the tests whose names say what is wrong. {@link
 * BrokenStoresTest} and {@link BrokenIndexesTest} have more of them.
 */
class WrongStoresTest {

  static Stream<WrongStore> wrongStores() {
    return Stream.of(
            WrongParts.ALL,
            WrongVerbs.ALL,
            WrongChanges.ALL,
            WrongIndexes.ALL,
            WrongBatches.ALL,
            WrongRaces.ALL,
            WrongSharing.ALL,
            WrongReading.ALL,
            WrongNodes.ALL,
            WrongFailures.ALL,
            WrongInterrupts.ALL)
        .flatMap(List::stream);
  }

  @ParameterizedTest
  @MethodSource("wrongStores")
  void wrongStore_failsTheTestsOfItsFault(WrongStore wrong) {
    assertThat(ContractRun.failuresOfWrong(ContractRun.OfStore.class, wrong.store(), wrong.tests()))
        .as("the tests that fail")
        .isEqualTo(wrong.tests());
  }

  @Test
  void everyTestThatMustFail_passesForASoundStore() {
    Set<String> names = new TreeSet<>();
    wrongStores().forEach(wrong -> names.addAll(wrong.tests()));
    assertThat(ContractRun.failures(BrokenStore::new, names)).isEmpty();
  }

  @Test
  void number_isWhatTheDocumentSays() throws IOException {
    long others =
        Stream.of(BrokenStoresTest.class, BrokenIndexesTest.class)
            .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
            .filter(method -> method.isAnnotationPresent(Test.class))
            .filter(method -> !method.getName().startsWith("soundStore"))
            .count();
    assertThat(Files.readString(Path.of("../docs/STORES.md")))
        .contains((wrongStores().count() + others) + " deliberately wrong stores");
  }
}
