package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.jdbc.Gaps.Gap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The numbers that the reader of changes has passed over")
class GapsTest {

  private final Gaps gaps = new Gaps();

  @Test
  void remove_shortensOrSplitsARange() {
    gaps.add(10, 20, 0);
    gaps.remove(10);
    assertThat(gaps.all()).containsExactly(new Gap(11, 20, 0, false));
    gaps.remove(20);
    assertThat(gaps.all()).containsExactly(new Gap(11, 19, 0, false));
    gaps.remove(15);
    assertThat(gaps.all()).containsExactly(new Gap(11, 14, 0, false), new Gap(16, 19, 0, false));
    gaps.remove(5);
    assertThat(gaps.all()).hasSize(2);
    for (int number = 11; number < 20; number++) {
      gaps.remove(number);
    }
    assertThat(gaps.all()).isEmpty();
  }

  @Test
  void markOverdue_marksEachOnce() {
    gaps.add(1, 1, 0);
    gaps.add(3, 3, 5);
    assertThat(gaps.markOverdue(10, 10)).isEmpty();
    assertThat(gaps.markOverdue(11, 10)).extracting(Gap::first).containsExactly(1L);
    assertThat(gaps.markOverdue(16, 10)).extracting(Gap::first).containsExactly(3L);
    assertThat(gaps.markOverdue(99, 10)).isEmpty();
    assertThat(gaps.all()).hasSize(2).allMatch(Gap::isOverdue);
    gaps.forget(20, 15);
    assertThat(gaps.all()).extracting(Gap::first).containsExactly(3L);
  }

  /** The clock of {@code System.nanoTime} may begin anywhere, and overflow. */
  @Test
  void markOverdue_clockOverflows_countsOn() {
    gaps.add(1, 1, Long.MAX_VALUE - 2);
    assertThat(gaps.markOverdue(Long.MIN_VALUE + 2, 10)).isEmpty();
    assertThat(gaps.markOverdue(Long.MIN_VALUE + 20, 10)).hasSize(1);
  }

  @Test
  void number_isBounded_andOverdueOnesMakeRoom() {
    for (int i = 0; i < Gaps.MAX_GAPS; i++) {
      assertThat(gaps.add(10L * i, 10L * i + 4, i)).isTrue();
    }
    assertThat(gaps.add(10_000, 10_000, 0)).isFalse();
    gaps.remove(2);
    assertThat(gaps.all()).as("a range that would be split is kept").hasSize(Gaps.MAX_GAPS);
    gaps.remove(0);
    assertThat(gaps.all()).extracting(Gap::first).contains(1L);

    gaps.markOverdue(11, 10);
    assertThat(gaps.add(10_000, 10_000, 0)).isTrue();
    assertThat(gaps.all()).hasSize(Gaps.MAX_GAPS).extracting(Gap::first).doesNotContain(1L);
    assertThat(gaps.add(20_000, 20_000, 0)).isFalse();
  }

  @Test
  void text_namesEachRange_andAtMostFive() {
    gaps.add(5, 9, 0);
    assertThat(Gaps.text(gaps.all())).isEqualTo("5 to 9 (1 gap)");
    gaps.add(1_000_000, 1_000_000, 0);
    assertThat(Gaps.text(gaps.all())).isEqualTo("5 to 9, 1000000 (2 gaps)");
    for (int i = 2_000_000; i < 2_000_008; i += 2) {
      gaps.add(i, i, 0);
    }
    assertThat(Gaps.text(gaps.all()))
        .isEqualTo("5 to 9, 1000000, 2000000, 2000002, 2000004, … (6 gaps)");
  }
}
