package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.NearCopies;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** What a failure quotes is what the specification says. */
class SentencesTest {

  private static final Path CORE = Path.of("../session-core/src/main/java");

  private static Stream<Method> tests() {
    List<Class<?>> classes = new ArrayList<>();
    for (Class<?> part : SessionStoreContract.class.getDeclaredClasses()) {
      if (part.isAnnotationPresent(Nested.class)) {
        classes.add(part.getSuperclass());
      }
    }
    return classes.stream()
        .flatMap(type -> Stream.of(type.getDeclaredMethods()))
        .filter(
            method ->
                method.isAnnotationPresent(Test.class)
                    || method.isAnnotationPresent(ParameterizedTest.class));
  }

  @Test
  void everyTest_quotesItsSpecification() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Method test : tests().toList()) {
      Sentence sentence = test.getAnnotation(Sentence.class);
      if (sentence == null || !documentation(sentence.of()).contains(sentence.value())) {
        wrong.add(test.getName() + ": " + sentence);
      }
    }
    assertThat(wrong).as("tests without a sentence, or with one that is not there").isEmpty();
  }

  @Test
  void tests_areFound() {
    assertThat(tests().count()).isGreaterThan(150);
  }

  /** The near copies are a contract between the engine and the near cache, tested there. */
  @Test
  void everyCapability_hasAPartOfTheContract() {
    Set<Class<?>> quoted =
        tests().map(test -> test.getAnnotation(Sentence.class).of()).collect(Collectors.toSet());
    assertThat(quoted)
        .containsAll(
            DecoratorContract.capabilities()
                .<Class<?>>map(RecordingProxy::typeOf)
                .filter(type -> type != NearCopies.class)
                .toList());
  }

  /** The comments of a type, without markup and line breaks. */
  private static String documentation(Class<?> type) throws IOException {
    String source = Files.readString(CORE.resolve(type.getName().replace('.', '/') + ".java"));
    return source
        .replaceAll("\\n\\s*\\*", " ")
        .replaceAll("\\{@(?:code|link|linkplain|value) #?([^} ]*)( [^}]*)?}", "$1$2")
        .replaceAll("<[^>]*>", "")
        .replace('#', '.')
        .replaceAll("\\s+", " ");
  }
}
