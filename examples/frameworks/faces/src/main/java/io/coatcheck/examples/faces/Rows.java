package io.coatcheck.examples.faces;

import jakarta.faces.view.ViewScoped;
import jakarta.inject.Named;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What one page shows as long as it is open. */
@Named
@ViewScoped
@SuppressWarnings("serial") // The map is serializable; its declared type does not say so.
public class Rows implements Serializable {

  private static final long serialVersionUID = 1L;

  /** Begins empty, and holds a class of the application once it is filled. */
  private final Map<Integer, Row> rows = new HashMap<>();

  private int count;

  public int getCount() {
    return count;
  }

  public List<Row> getRows() {
    return new ArrayList<>(rows.values());
  }

  public void increment() {
    count++;
    rows.put(count, new Row(count, "row " + count));
  }

  /** One line of the page. */
  public static class Row implements Serializable {

    private static final long serialVersionUID = 1L;

    private final int number;
    private final String text;

    Row(int number, String text) {
      this.number = number;
      this.text = text;
    }

    public int getNumber() {
      return number;
    }

    public String getText() {
      return text;
    }
  }
}
