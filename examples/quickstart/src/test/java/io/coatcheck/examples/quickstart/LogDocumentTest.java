package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every warning and error of the log is explained in docs/, where an operator who searches for its
 * text finds it, and what is explained there can be logged. A document quotes a line in backticks,
 * by words of it; an ellipsis stands for what it leaves out.
 */
class LogDocumentTest {

  private static final Path ROOT = Path.of("../..");
  private static final String LITERAL = "\"(?:\\\\.|[^\"\\\\])*\"";
  private static final Pattern COMMENT =
      Pattern.compile(
          "(" + LITERAL + "|'(?:\\\\.|[^'\\\\])*')|//[^\n]*|/\\*.*?\\*/", Pattern.DOTALL);
  private static final Pattern CALL =
      Pattern.compile(
          "(?<receiver>\\w+|\\))\\s*\\.(?:(?<level>trace|debug|info|warn|error)"
              + "|at(?<fluent>Trace|Debug|Info|Warn|Error)\\(\\)[^;]*?\\.log)\\(");
  private static final Pattern TOKEN =
      Pattern.compile(LITERAL + "|'(?:\\\\.|[^'\\\\])*'|[()\\[\\]{},]");
  private static final Pattern PART = Pattern.compile(LITERAL + "|\\b[A-Z][A-Z_]+\\b");
  private static final Pattern LETTER = Pattern.compile("[A-Za-z]");
  private static final Pattern FENCED = Pattern.compile("```.*?```", Pattern.DOTALL);
  private static final Pattern QUOTE = Pattern.compile("`([^`]+)`");

  /** How many characters a quote has at least, or else all of the line. */
  private static final int LENGTH = 15;

  private record Line(String level, String text, String file) {

    /** Returns whether the parts of a quote are in this line, in their order. */
    boolean isQuotedBy(String quote) {
      List<String> parts =
          Arrays.stream(quote.toLowerCase(Locale.ROOT).split("…", -1))
              .map(String::strip)
              .filter(part -> !part.isEmpty())
              .toList();
      int letters = text.replaceAll("[^A-Za-z]", "").length();
      // A quote without a space may be a name that happens to be in the line.
      if (!quote.contains(" ")
          || parts.stream().mapToInt(String::length).sum() < Math.min(LENGTH, letters)) {
        return false;
      }
      String line = text.toLowerCase(Locale.ROOT);
      int from = 0;
      for (String part : parts) {
        int found = line.indexOf(part, from);
        if (found < 0) {
          return false;
        }
        from = found + part.length();
      }
      return true;
    }
  }

  /** A quote in the column "line" of a table; the level is empty if the table has none. */
  private record Row(String level, String quote) {

    boolean isOf(Line line) {
      return line.isQuotedBy(quote) && (level.isEmpty() || level.contains(line.level()));
    }
  }

  @Test
  void warningsAndErrors_areExplained() throws Exception {
    List<String> quotes = new ArrayList<>();
    for (Path page : files(ROOT.resolve("docs"), ".md")) {
      QUOTE
          .matcher(FENCED.matcher(Files.readString(page)).replaceAll(""))
          .results()
          .map(found -> found.group(1).replaceAll("\\s+", " "))
          .forEach(quotes::add);
    }
    List<Line> lines =
        lines().stream().filter(line -> Set.of("warn", "error").contains(line.level())).toList();
    assertThat(lines).hasSizeGreaterThan(50);
    assertThat(lines).filteredOn(line -> quotes.stream().noneMatch(line::isQuotedBy)).isEmpty();
  }

  @Test
  void whatIsExplained_canBeLogged() throws Exception {
    List<Line> lines = lines();
    List<Row> rows = new ArrayList<>();
    for (Path page : files(ROOT.resolve("docs"), ".md")) {
      rows.addAll(rows(page));
    }
    assertThat(rows).hasSizeGreaterThan(50);
    assertThat(rows).filteredOn(row -> lines.stream().noneMatch(row::isOf)).isEmpty();
  }

  /**
   * Returns the calls of loggers in the main code of the libraries, with the texts that they have.
   */
  private static List<Line> lines() throws IOException {
    List<Line> lines = new ArrayList<>();
    try (DirectoryStream<Path> modules = Files.newDirectoryStream(ROOT, "session-*")) {
      for (Path module : modules) {
        Path sources = module.resolve("src/main/java");
        if (Files.exists(sources)) {
          for (Path file : files(sources, ".java")) {
            addLines(file, lines);
          }
        }
      }
    }
    return lines;
  }

  private static void addLines(Path file, List<Line> lines) throws IOException {
    String source =
        COMMENT
            .matcher(Files.readString(file))
            .replaceAll(
                found -> found.group(1) == null ? " " : Matcher.quoteReplacement(found.group(1)));
    Matcher call = CALL.matcher(source);
    while (call.find()) {
      String level = call.group("level") == null ? call.group("fluent") : call.group("level");
      // Some calls name the kind of a problem first.
      String text =
          arguments(source, call.end()).stream()
              .limit(2)
              .map(argument -> text(argument, source))
              .max(Comparator.comparingInt(String::length))
              .orElse("");
      if (LETTER.matcher(text).find()) {
        lines.add(new Line(level.toLowerCase(Locale.ROOT), text, file.getFileName().toString()));
      } else if (text.isEmpty()) {
        assertThat(call.group("receiver"))
            .as("a line without a text that can be searched for, in %s", file)
            .isNotEqualToIgnoringCase("log");
      }
    }
  }

  /** Returns the arguments of a call, of which the first one begins at the index. */
  private static List<String> arguments(String source, int start) {
    List<String> arguments = new ArrayList<>();
    int depth = 0;
    int begin = start;
    for (Matcher token = TOKEN.matcher(source).region(start, source.length()); token.find(); ) {
      String text = token.group();
      boolean isEnd = depth == 0 && text.equals(")");
      if (isEnd || (depth == 0 && text.equals(","))) {
        arguments.add(source.substring(begin, token.start()));
        begin = token.end();
      }
      if (isEnd) {
        break;
      } else if ("([{".contains(text)) {
        depth++;
      } else if (")]}".contains(text)) {
        depth--;
      }
    }
    return arguments;
  }

  /** Returns the literals of an expression, and those of the constants that it names. */
  private static String text(String expression, String source) {
    StringBuilder text = new StringBuilder();
    for (MatchResult part : PART.matcher(expression).results().toList()) {
      if (part.group().startsWith("\"")) {
        text.append(part.group(), 1, part.group().length() - 1);
      } else {
        Pattern constant =
            Pattern.compile(
                "String " + part.group() + "\\s*=\\s*((?:" + LITERAL + "\\s*\\+?\\s*)+);");
        constant
            .matcher(source)
            .results()
            .findFirst()
            .ifPresent(found -> text.append(text(found.group(1), "")));
      }
    }
    return text.toString().replace("\\\"", "\"");
  }

  /** Returns the quotes in the tables of a page that have a column "line". */
  private static List<Row> rows(Path page) throws IOException {
    List<Row> rows = new ArrayList<>();
    List<String> header = List.of();
    for (String text : Files.readAllLines(page)) {
      if (!text.startsWith("|")) {
        header = List.of();
        continue;
      }
      List<String> cells = Arrays.stream(text.split("\\|", -1)).map(String::strip).toList();
      if (header.isEmpty()) {
        header = cells;
      } else if (header.contains("line") && !text.startsWith("|---")) {
        String level = header.contains("level") ? cells.get(header.indexOf("level")) : "";
        String cell = cells.get(header.indexOf("line"));
        List<Row> found =
            QUOTE
                .matcher(cell)
                .results()
                .map(quote -> quote.group(1))
                .filter(quote -> quote.contains(" "))
                .map(quote -> new Row(level.toLowerCase(Locale.ROOT), quote))
                .toList();
        assertThat(found).as("%s: %s", page, text).isNotEmpty();
        rows.addAll(found);
      }
    }
    return rows;
  }

  private static List<Path> files(Path folder, String ending) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
    }
  }
}
