package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.codec.AttributeEncryption;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.password.PasswordHasher;
import io.coatcheck.session.redis.RedisSessionStore;
import io.coatcheck.session.servlet.CrossOriginPolicy;
import io.coatcheck.session.servlet.FloodGuard;
import io.coatcheck.session.servlet.RequireLogin;
import io.coatcheck.session.servlet.SessionCookie;
import io.coatcheck.session.servlet.SessionFilterBuilder;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What docs/CONFIGURATION.md says of the builders. */
class ConfigurationDocumentTest {

  private static final Path ROOT = Path.of("../..");
  private static final Path PAGE = ROOT.resolve("docs/CONFIGURATION.md");
  private static final Pattern CELL = Pattern.compile("\\|");
  private static final Pattern NAME = Pattern.compile("`(\\w+)`");
  private static final Pattern DEFAULT =
      Pattern.compile(
          "^(?:none|no limit|nothing|zero|true|false|[\\d,]+(?: \\w+)?"
              + "|/|LAX|[a-z]+_[a-z]+|__Host-\\w+)(?=$|[,;])");

  /** Each section has a row for each option of its builder, and no others. */
  @ParameterizedTest
  @MethodSource("builders")
  void page_listsTheOptionsOfEachBuilder(String section, Class<?> builder) throws Exception {
    List<String> options =
        Arrays.stream(builder.getDeclaredMethods())
            .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
            .map(Method::getName)
            .filter(name -> !name.equals("build"))
            .distinct()
            .toList();
    assertThat(options).isNotEmpty();
    assertThat(Set.copyOf(optionsOf(section))).containsExactlyInAnyOrderElementsOf(options);
  }

  static Stream<Arguments> builders() {
    return Stream.of(
        arguments("SessionManager", SessionManagerBuilder.class),
        arguments("SessionPolicy", SessionPolicy.Builder.class),
        arguments("LoginOptions", LoginOptions.Builder.class),
        arguments("SessionFilter", SessionFilterBuilder.class),
        arguments("SessionCookie", SessionCookie.Builder.class),
        arguments("CrossOriginPolicy", CrossOriginPolicy.Builder.class),
        arguments("FloodGuard", FloodGuard.Builder.class),
        arguments("RequireLogin", RequireLogin.Builder.class),
        arguments("InMemorySessionStore", InMemorySessionStore.Builder.class),
        arguments("JdbcSessionStore", JdbcSessionStore.Builder.class),
        arguments("RedisSessionStore", RedisSessionStore.Builder.class),
        arguments("NearCacheSessionStore", NearCacheSessionStore.Builder.class),
        arguments("JavaSerializationCodec", JavaSerializationCodec.Builder.class),
        arguments("AttributeEncryption", AttributeEncryption.Builder.class),
        arguments("PasswordHasher", PasswordHasher.Builder.class));
  }

  @Test
  void page_hasNoOtherSections() throws Exception {
    assertThat(Files.readString(PAGE).lines().filter(line -> line.startsWith("## ")))
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(
                    builders().map(each -> "## " + each.get()[0]), Stream.of("## Init parameters"))
                .toList());
  }

  /** A default that is a number, a word or a constant is what the Javadoc of the option says. */
  @ParameterizedTest
  @MethodSource("builders")
  void defaults_areThoseOfTheJavadoc(String section, Class<?> builder) throws Exception {
    String source = sourceOf(builder);
    List<String> compared = new ArrayList<>();
    for (String row : rowsOf(section)) {
      String[] cells = CELL.split(row, -1);
      Matcher simple = DEFAULT.matcher(cells[3].replace("`", "").strip());
      if (simple.find()) {
        for (String option : namesIn(cells[1])) {
          assertThat(javadoc(source, builder, option))
              .as(section + "." + option)
              .containsPattern("Default: " + Pattern.quote(simple.group()) + "(?!\\w|,\\d)");
          compared.add(option);
        }
      }
    }
    assertThat(compared).isNotEmpty();
  }

  /** The comment of the last method of that name, in one line and without its code tags. */
  private static String javadoc(String source, Class<?> builder, String option) {
    Pattern method =
        Pattern.compile(
            "/\\*\\*((?:(?!\\*/).)*)\\*/\\s+(?:@[^\n]+\\s+)?public "
                + builder.getSimpleName()
                + " "
                + option
                + "\\(",
            Pattern.DOTALL);
    String comment =
        method
            .matcher(source)
            .results()
            .map(found -> found.group(1))
            .reduce((first, second) -> second)
            .orElseThrow(() -> new AssertionError("no Javadoc: " + option));
    return comment.replaceAll("\\s+\\* ?", " ").replaceAll("\\{@code ([^}]*)}", "$1");
  }

  private static String sourceOf(Class<?> builder) throws IOException {
    String file = builder.getName().replaceFirst("\\$.*", "").replace('.', '/') + ".java";
    for (String module :
        List.of("session-core", "session-servlet", "session-store-jdbc", "session-store-redis")) {
      Path source = ROOT.resolve(module).resolve("src/main/java").resolve(file);
      if (Files.exists(source)) {
        return Files.readString(source);
      }
    }
    throw new AssertionError("no source: " + file);
  }

  /** The names in the first column of the table of a section. */
  private static List<String> optionsOf(String section) throws IOException {
    return rowsOf(section).stream()
        .flatMap(row -> namesIn(CELL.split(row, -1)[1]).stream())
        .toList();
  }

  private static List<String> rowsOf(String section) throws IOException {
    return Files.readString(PAGE)
        .lines()
        .dropWhile(line -> !line.equals("## " + section))
        .skip(1)
        .takeWhile(line -> !line.startsWith("## "))
        .filter(line -> line.startsWith("| `"))
        .toList();
  }

  private static List<String> namesIn(String cell) {
    return NAME.matcher(cell).results().map(found -> found.group(1)).toList();
  }
}
