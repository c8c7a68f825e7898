package io.coatcheck.session.spring.shop;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** An order that is filled in on several pages. */
public class Draft implements Serializable {

  private static final long serialVersionUID = 1L;

  private @Nullable String article;
  private int pieces;

  public @Nullable String getArticle() {
    return article;
  }

  public void setArticle(String article) {
    this.article = article;
  }

  public int getPieces() {
    return pieces;
  }

  public void setPieces(int pieces) {
    this.pieces = pieces;
  }

  @Override
  public String toString() {
    return pieces + " of " + article;
  }
}
