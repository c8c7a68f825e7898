package io.coatcheck.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A table of measurements, as comma-separated values. A benchmark writes it line by line, and the
 * charts read it.
 */
final class Results {

  private final Path file;
  private final List<String> columns;

  private Results(Path file, List<String> columns) {
    this.file = file;
    this.columns = columns;
  }

  /** Begins a table in place of the one of the last run. */
  static Results begin(Path directory, String name, String... columns) {
    Results results = new Results(directory.resolve(name + ".csv"), List.of(columns));
    try {
      Files.createDirectories(directory);
      Files.writeString(results.file, String.join(",", columns) + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return results;
  }

  /** Adds a line, and shows it. */
  void add(Object... values) {
    if (values.length != columns.size()) {
      throw new IllegalArgumentException(columns + " need as many values: " + values.length);
    }
    String line =
        Arrays.stream(values)
                .map(value -> value.toString().replace(",", ";"))
                .collect(Collectors.joining(","))
            + "\n";
    System.out.print(line);
    try {
      Files.writeString(file, line, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A line of a table that was read. */
  record Row(List<String> columns, List<String> values) {

    String text(String column) {
      int index = columns.indexOf(column);
      if (index < 0) {
        throw new IllegalArgumentException(columns + " have no " + column);
      }
      return values.get(index);
    }

    double number(String column) {
      return Double.parseDouble(text(column));
    }
  }

  /** Reads a table; empty if it was not measured. */
  static List<Row> read(Path directory, String name) {
    Path file = directory.resolve(name + ".csv");
    if (!Files.exists(file)) {
      return List.of();
    }
    try {
      List<String> lines = Files.readAllLines(file);
      List<String> columns = List.of(lines.get(0).split(",", -1));
      List<Row> rows = new ArrayList<>();
      for (String line : lines.subList(1, lines.size())) {
        rows.add(new Row(columns, List.of(line.split(",", -1))));
      }
      return rows;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String rounded(double value) {
    return String.format(Locale.ROOT, value < 10 ? "%.3f" : value < 1000 ? "%.1f" : "%.0f", value);
  }

  static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalArgumentException("there is nothing to take the median of");
    }
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
