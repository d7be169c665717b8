defmodule Rates do
  # BUG: the process that creates the table ends, and the table with it.
  def load do
    task =
      Task.async(fn ->
        :ets.new(:rates, [:named_table, :public])
        put([{:eur, 117}, {:gbp, 135}])
        rate(:eur)
      end)

    Task.await(task)
  end

  def put(rates), do: :ets.insert(:rates, rates)
  def rate(currency), do: :ets.lookup_element(:rates, currency, 2)
end

defmodule Till do
  use GenServer

  def start_link, do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)
  def pay(amount, currency), do: GenServer.cast(__MODULE__, {:pay, amount, currency})

  @impl true
  def init(total), do: {:ok, total}

  @impl true
  def handle_cast({:pay, amount, currency}, total), do: {:noreply, total + amount * Rates.rate(currency)}
end

defmodule Main do
  def run do
    Process.flag(:trap_exit, true)
    Rates.load()
    {:ok, _} = Till.start_link()
    Till.pay(3, :eur)
    Process.sleep(30)
  end
end
