defmodule Invoice do
  use GenServer
  def start_link(name), do: GenServer.start_link(__MODULE__, [], name: name)
  def region(invoice, region), do: GenServer.cast(invoice, {:region, region})
  def add(invoice, price), do: GenServer.cast(invoice, {:add, price})
  def total(invoice), do: GenServer.call(invoice, :total)
  @impl true
  def init(_), do: {:ok, %{lines: [], rate: 0}}
  @impl true
  def handle_cast({:region, region}, s), do: {:noreply, %{s | rate: Tax.rate(region)}}
  def handle_cast({:add, price}, s), do: {:noreply, %{s | lines: [price | s.lines]}}
  @impl true
  def handle_call(:total, _from, s), do: {:reply, sum(s), s}
  def sum(%{lines: lines, rate: rate}), do: Enum.sum(lines) * (100 + rate) / 100
end

defmodule Tax do
  # BUG: an unknown region has no rate, which nobody notices until the invoice is written.
  def rate(region), do: Map.get(%{"eu" => 20, "us" => 8}, region)
end

defmodule Main do
  def run do
    Process.flag(:trap_exit, true)
    for {name, region} <- [invoice_1: "eu", invoice_2: "mars", invoice_3: "us"] do
      {:ok, _} = Invoice.start_link(name)
      Invoice.region(name, region)
      for price <- [10, 20, 30], do: Invoice.add(name, price)
    end

    for name <- [:invoice_1, :invoice_2, :invoice_3] do
      {_, ref} = spawn_monitor(fn -> Invoice.total(name) end)
      receive do: ({:DOWN, ^ref, _, _, _} -> :ok)
    end
  end
end
