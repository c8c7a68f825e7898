package io.coatcheck.examples.faces;

import jakarta.annotation.PostConstruct;
import jakarta.faces.application.FacesMessage;
import jakarta.faces.context.FacesContext;
import jakarta.faces.view.ViewScoped;
import jakarta.inject.Named;
import java.io.Serializable;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.primefaces.model.DefaultTreeNode;
import org.primefaces.model.FilterMeta;
import org.primefaces.model.SortMeta;
import org.primefaces.model.TreeNode;

/** What the page of PrimeFaces shows: a table, a tree, a date, and a choice. */
@Named
@ViewScoped
@SuppressWarnings(
    "serial") // Its lists and trees are serializable; their declared types do not say so.
public class Coats implements Serializable {

  private static final long serialVersionUID = 1L;

  private final List<Coat> coats = new ArrayList<>();
  private List<Coat> filtered;
  private List<FilterMeta> filters;
  private List<SortMeta> sorts;
  private Coat selected;
  private TreeNode<String> tree;
  private TreeNode<String> node;
  private LocalDate day = LocalDate.of(2026, 1, 2);
  private String size = "M";

  /** One line of the table. */
  public static class Coat implements Serializable {

    private static final long serialVersionUID = 1L;

    private final String name;
    private final int price;

    Coat(String name, int price) {
      this.name = name;
      this.price = price;
    }

    public String getName() {
      return name;
    }

    public int getPrice() {
      return price;
    }
  }

  @PostConstruct
  void fill() {
    String[] names = {"Parka", "Ulster", "Cape", "Poncho", "Duffle", "Trench", "Loden"};
    for (int i = 0; i < names.length; i++) {
      coats.add(new Coat(names[i], (i * 37) % 100));
    }
    filters = new ArrayList<>();
    sorts = new ArrayList<>();
    tree = new DefaultTreeNode<>("root", null);
    TreeNode<String> winter = new DefaultTreeNode<>("winter", tree);
    new DefaultTreeNode<>("wool", winter);
    new DefaultTreeNode<>("down", winter);
    new DefaultTreeNode<>("summer", tree);
  }

  public List<Coat> getCoats() {
    return coats;
  }

  public List<Coat> getFiltered() {
    return filtered;
  }

  public void setFiltered(List<Coat> filtered) {
    this.filtered = filtered;
  }

  public List<FilterMeta> getFilters() {
    return filters;
  }

  public void setFilters(List<FilterMeta> filters) {
    this.filters = filters;
  }

  public List<SortMeta> getSorts() {
    return sorts;
  }

  public void setSorts(List<SortMeta> sorts) {
    this.sorts = sorts;
  }

  public Coat getSelected() {
    return selected;
  }

  public void setSelected(Coat selected) {
    this.selected = selected;
  }

  public TreeNode<String> getTree() {
    return tree;
  }

  public TreeNode<String> getNode() {
    return node;
  }

  public void setNode(TreeNode<String> node) {
    this.node = node;
  }

  public LocalDate getDay() {
    return day;
  }

  public void setDay(LocalDate day) {
    this.day = day;
  }

  public String getSize() {
    return size;
  }

  public void setSize(String size) {
    this.size = size;
  }

  /** Answers with a message that also survives a redirect. */
  public void order() {
    String name = selected == null ? "no coat" : selected.getName();
    FacesContext.getCurrentInstance()
        .addMessage(null, new FacesMessage("Ordered", name + ", " + size + ", " + day));
  }

  /** Orders, and shows the page again, so that the message travels in the flash. */
  public String orderAndReload() {
    order();
    FacesContext.getCurrentInstance().getExternalContext().getFlash().setKeepMessages(true);
    return "coats?faces-redirect=true";
  }
}
