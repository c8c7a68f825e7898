package io.coatcheck.examples.springboot;

import io.coatcheck.examples.springboot.Panel.Line;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;

/** Draws panels as a page of HTML, each at the place, with the unit and the legend that it has. */
final class DashboardPage {

  static final int WIDTH = 1120;
  private static final int COLUMNS = 24;
  private static final int ROW = 26;
  private static final int HEADER = 44;
  private static final int TITLE = 24;
  private static final int AXIS = 66;
  private static final int LEGEND_LINE = 15;
  private static final String[] COLORS = {
    "#3f8f3a", "#d19a00", "#2f9fc4", "#e0662b", "#c4283a", "#1f5fb8", "#a8389b", "#6a55a0",
    "#7a9a2a", "#8a5a2b", "#138a7e", "#777777"
  };
  private static final String STYLE =
      """
      body { margin: 0; background: #eee; color: #222; font: 12px sans-serif; }
      h1 { margin: 0; padding: 13px 12px 0; font-size: 17px; }
      h1 small { font-weight: normal; font-size: 12px; padding-left: 20px; color: #555; }
      section { position: absolute; box-sizing: border-box; background: #fff; overflow: hidden;
        border: 1px solid #ddd; border-radius: 3px; }
      section.row { background: none; border: none; font-weight: bold; font-size: 14px; }
      h2 { margin: 0; padding: 5px 8px 0; font-size: 12px; height: 19px; white-space: nowrap; }
      svg { display: block; }
      svg text { font: 11px sans-serif; fill: #555; }
      p { margin: 0; padding: 2px 8px; line-height: 15px; font-size: 11px; }
      p span { white-space: nowrap; margin-right: 10px; }
      p i { display: inline-block; width: 11px; height: 3px; margin-right: 4px; vertical-align: 3px; }
      b { position: absolute; left: 0; right: 0; top: 28px; text-align: center; font-size: 27px; }
      """;

  private final StringBuilder html = new StringBuilder(100_000);
  private final long from;
  private final long to;
  private int bottom;

  /** Begins a page whose lines go from one second since the epoch to another. */
  DashboardPage(String title, long from, long to) {
    this.from = from;
    this.to = to;
    html.append("<!DOCTYPE html><meta charset=\"utf-8\"><style>")
        .append(STYLE)
        .append("</style><h1>")
        .append(title)
        .append("<small>Job: All</small><small>Node: All</small></h1>");
  }

  String html() {
    return html.toString();
  }

  int height() {
    return bottom + 6;
  }

  void add(Panel panel, List<Line> lines) {
    int left = panel.place().x() * WIDTH / COLUMNS + 3;
    int top = HEADER + panel.place().y() * ROW + 3;
    int width = panel.place().w() * WIDTH / COLUMNS - 6;
    int height = panel.place().h() * ROW - 6;
    bottom = Math.max(bottom, top + height);
    append(
        "<section class=\"%s\" style=\"left:%dpx;top:%dpx;width:%dpx;height:%dpx\"><h2>%s</h2>",
        panel.type(), left, top, width, height, panel.title());
    switch (panel.type()) {
      case "row" -> {}
      case "stat" -> addNumber(panel, lines.get(0), width, height);
      case "timeseries" -> addLines(panel, lines, width, height);
      default -> throw new IllegalArgumentException("a panel of another type: " + panel.type());
    }
    html.append("</section>");
  }

  private void append(String format, Object... arguments) {
    html.append(String.format(Locale.ROOT, format, arguments));
  }

  /** The last value, above a small line of all values. */
  private void addNumber(Panel panel, Line line, int width, int height) {
    double last = line.points().lastEntry().getValue();
    String color = panel.thresholds().floorEntry(last).getValue();
    String shade = color.equals("green") ? COLORS[0] : color.equals("red") ? COLORS[4] : COLORS[3];
    append("<b style=\"color:%s\">%s</b>", shade, text(last, panel.unit()));
    int plot = height - TITLE - 38;
    append("<svg width=\"%d\" height=\"%d\" style=\"margin-top:38px\">", width, plot);
    double top = Math.max(highest(List.of(line)), Double.MIN_NORMAL);
    append("<g transform=\"translate(0 %d)\">", plot - 1);
    addPath(line.points(), shade, width / (double) (to - from), (plot - 4) / top);
    html.append("</g></svg>");
  }

  private void addLines(Panel panel, List<Line> lines, int width, int height) {
    int plotHeight = height - TITLE - 22 - legendLines(lines, width) * LEGEND_LINE;
    int plotWidth = width - AXIS - 14;
    double tick = tick(highest(lines));
    int ticks = Math.max(1, (int) Math.ceil(highest(lines) / tick - 1e-9));
    append("<svg width=\"%d\" height=\"%d\">", width, plotHeight + 20);
    append("<g transform=\"translate(%d %d)\">", AXIS, plotHeight);
    for (int i = 0; i <= ticks; i++) {
      int y = -i * (plotHeight - 8) / ticks;
      append("<path d=\"M0 %d H%d\" stroke=\"#ddd\"/>", y, plotWidth);
      append(
          "<text x=\"-6\" y=\"%d\" text-anchor=\"end\">%s</text>",
          y + 4, text(i * tick, panel.unit()));
    }
    int minutes = width < 400 ? 60 : 30;
    for (long second = 0; second <= to - from; second += minutes) {
      append(
          "<text x=\"%d\" y=\"15\" text-anchor=\"middle\">%d:%02d</text>",
          second * plotWidth / (to - from), second / 60, second % 60);
    }
    for (int i = 0; i < lines.size(); i++) {
      addPath(
          lines.get(i).points(),
          COLORS[i % COLORS.length],
          plotWidth / (double) (to - from),
          (plotHeight - 8) / (ticks * tick));
    }
    html.append("</g></svg><p>");
    for (int i = 0; i < lines.size(); i++) {
      append(
          "<span><i style=\"background:%s\"></i>%s</span> ",
          COLORS[i % COLORS.length], lines.get(i).legend());
    }
    html.append("</p>");
  }

  /** A line with a shade below it, and a gap where there is no value. */
  private void addPath(
      NavigableMap<Long, Double> points, String color, double perSecond, double perUnit) {
    StringBuilder path = new StringBuilder();
    long before = Long.MIN_VALUE;
    for (Map.Entry<Long, Double> point : points.entrySet()) {
      boolean isNext = point.getKey() - before == Prometheus.INTERVAL;
      path.append(
          String.format(
              Locale.ROOT,
              "%s%.1f %.1f",
              isNext ? "L" : "M",
              (point.getKey() - from) * perSecond,
              -point.getValue() * perUnit));
      if (!isNext) {
        // A value alone is a dot.
        path.append("h.5");
      }
      before = point.getKey();
    }
    append("<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.4\"/>", path, color);
  }

  private static int legendLines(List<Line> lines, int width) {
    int count = 1;
    int used = 0;
    for (Line line : lines) {
      int item = 28 + 6 * line.legend().length();
      if (used + item > width - 16) {
        count++;
        used = 0;
      }
      used += item;
    }
    return count;
  }

  private static double highest(List<Line> lines) {
    return lines.stream()
        .flatMap(line -> line.points().values().stream())
        .mapToDouble(value -> value)
        .max()
        .orElse(0);
  }

  /** A round number that divides the axis into at most four parts. */
  private static double tick(double highest) {
    if (highest <= 0) {
      return 1;
    }
    double power = Math.pow(10, Math.floor(Math.log10(highest / 4)));
    for (double factor : new double[] {1, 2, 5}) {
      if (highest / (factor * power) <= 4) {
        return factor * power;
      }
    }
    return 10 * power;
  }

  private static String text(double value, String unit) {
    return switch (unit) {
      case "s" -> {
        if (value == 0) {
          yield "0 s";
        }
        yield value < 0.001
            ? number(value * 1e6) + " µs"
            : value < 1
                ? number(value * 1e3) + " ms"
                : value < 60 ? number(value) + " s" : number(value / 60) + " min";
      }
      case "ops" -> number(value) + " ops/s";
      case "percentunit" -> number(value * 100) + "%";
      case "short" -> number(value);
      default -> throw new IllegalArgumentException("another unit: " + unit);
    };
  }

  private static String number(double value) {
    return BigDecimal.valueOf(value).round(new MathContext(3)).stripTrailingZeros().toPlainString();
  }
}
