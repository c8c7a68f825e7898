package io.coatcheck.session.jdbc;

import java.util.ArrayList;
import java.util.List;
import java.util.ListIterator;
import java.util.stream.Collectors;

/**
 * Numbers of the log of changes that were passed over because they were not visible: the
 * transaction that took them has not committed yet, or was rolled back. Every query asks for them
 * again. After the longest time that a transaction takes they are overdue, and later they are
 * forgotten. Bounded in number. Used by one thread.
 */
final class Gaps {

  /** More are rarely open at once, since each needs a transaction of its own in progress. */
  static final int MAX_GAPS = 128;

  private static final int MAX_SHOWN = 5;

  private final List<Gap> gaps = new ArrayList<>();

  /**
   * A range of numbers.
   *
   * @param first the first number of the range
   * @param last the last number of the range
   * @param since when they were first found missing, by the clock of the reader
   * @param isOverdue whether a transaction should have committed or rolled back by now
   */
  record Gap(long first, long last, long since, boolean isOverdue) {}

  /** Returns the first of some ranges, and how many there are. */
  static String text(List<Gap> gaps) {
    String first =
        gaps.stream()
            .limit(MAX_SHOWN)
            .map(gap -> gap.first + (gap.first == gap.last ? "" : " to " + gap.last))
            .collect(Collectors.joining(", "));
    return first
        + (gaps.size() > MAX_SHOWN ? ", …" : "")
        + (gaps.size() == 1 ? " (1 gap)" : " (" + gaps.size() + " gaps)");
  }

  List<Gap> all() {
    return List.copyOf(gaps);
  }

  void clear() {
    gaps.clear();
  }

  /**
   * Adds a range. If there are too many, an overdue one is forgotten.
   *
   * @return {@code false} if there are too many that are not overdue
   */
  boolean add(long first, long last, long since) {
    if (gaps.size() == MAX_GAPS) {
      int overdue = 0;
      while (overdue < gaps.size() && !gaps.get(overdue).isOverdue) {
        overdue++;
      }
      if (overdue == gaps.size()) {
        return false;
      }
      gaps.remove(overdue);
    }
    gaps.add(new Gap(first, last, since, false));
    return true;
  }

  /**
   * Removes a number that has become visible; a range may fall into two, unless there are too many:
   * then its numbers are reported again by each query.
   */
  void remove(long number) {
    ListIterator<Gap> each = gaps.listIterator();
    while (each.hasNext()) {
      Gap gap = each.next();
      if (gap.first <= number && number <= gap.last) {
        boolean splits = gap.first < number && number < gap.last;
        if (splits && gaps.size() >= MAX_GAPS) {
          return;
        }
        each.remove();
        if (gap.first < number) {
          each.add(new Gap(gap.first, number - 1, gap.since, gap.isOverdue));
        }
        if (number < gap.last) {
          each.add(new Gap(number + 1, gap.last, gap.since, gap.isOverdue));
        }
        return;
      }
    }
  }

  /**
   * Marks ranges as overdue that have been missing for longer than a time.
   *
   * @return those that were marked by this call
   */
  List<Gap> markOverdue(long now, long nanos) {
    List<Gap> marked = new ArrayList<>();
    ListIterator<Gap> each = gaps.listIterator();
    while (each.hasNext()) {
      Gap gap = each.next();
      if (!gap.isOverdue && now - gap.since > nanos) {
        each.set(new Gap(gap.first, gap.last, gap.since, true));
        marked.add(gap);
      }
    }
    return marked;
  }

  /** Forgets ranges that have been missing for longer than a time. */
  void forget(long now, long nanos) {
    gaps.removeIf(gap -> now - gap.since > nanos);
  }
}
